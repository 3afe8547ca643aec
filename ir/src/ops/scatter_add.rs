//! Adding at integer positions: the transpose of `take`.

use smallvec::smallvec;

use super::{
    take::{OutOfRange, inside, is_index, joint, positions, taken, window_dims, with_signed_index},
    *,
};
use crate::types::DType;

/// `scatter_add(x, index, updates)`: `x` with each slice of `updates` added at its integer position along `axis`.
/// Positions outside are ignored; repeated ones add up.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ScatterAdd {
    /// The dimension written along.
    pub axis: usize,
}

/// Whether the operands are a tensor, integers, and updates as a take along `axis` gives them.
pub(super) fn fits(args: &[Ty], axis: usize) -> bool {
    let [x, index, updates] = args else { return false };
    axis < x.rank()
        && is_index(index)
        && updates.dtype == x.dtype
        && updates.dims.as_slice() == taken(&x.dims, &index.dims, axis)
}

/// Each update of a scatter with the flat position it goes to, without those that go nowhere.
pub(super) fn writes<'a, T: 'a>(
    args: &[&Array],
    axis: usize,
    updates: Vec<T>,
) -> impl Iterator<Item = (usize, T)> + 'a {
    let at = positions(args[0].dims(), args[1], axis, args[2].dims(), false);
    at.into_iter().zip(updates).filter_map(|(p, u)| p.map(|p| (p, u)))
}

/// What a scatter's operands `index` and `updates` would read from `x`; zero where the index lies outside.
pub(super) fn read(g: &mut Graph, x: Val, index: Val, updates: Val, axis: usize) -> Result<Val, TypeError> {
    let n = g.ty(x).dims[axis];
    let zeros = g.full_like(updates, 0.0)?;
    if n == 0 {
        return Ok(zeros);
    }
    let taken = g.push(Take { axis }, &[x, index])?;
    let inside = inside(g, index, n)?;
    let inside = spread(g, inside, updates, axis)?;
    g.select(inside, taken, zeros)
}

/// A value for each index, repeated for the elements of its update.
pub(super) fn spread(g: &mut Graph, of_index: Val, updates: Val, axis: usize) -> Result<Val, TypeError> {
    let dims = g.ty(updates).dims.clone();
    let map = (axis..axis + g.ty(of_index).rank()).collect();
    g.push(Broadcast { dims, map }, &[of_index])
}

/// The batch rule of scatters; `op` makes the one along another dimension.
pub(super) fn batched<O: Into<Op>>(
    mut cx: Batch<'_>,
    axis: usize,
    op: impl Fn(usize) -> O,
) -> Result<(Val, usize), TypeError> {
    let Some(_) = cx.axes[1] else {
        let (x, updates) = (cx.at(0, 0)?, cx.at(2, 0)?);
        return Ok((cx.graph.push(op(axis + 1), &[x, cx.args[1], updates])?, 0));
    };
    let (x, index) = joint(&mut cx, axis, OutOfRange::Drop)?;
    let updates = cx.at(2, axis)?;
    let written = cx.graph.push(op(axis), &[x, index, updates])?;
    let mut dims = cx.graph.ty(x).dims.clone();
    dims[axis] /= cx.size.max(1);
    dims.insert(axis, cx.size);
    Ok((cx.graph.reshape(written, &dims)?, axis))
}

/// The HLO of a scatter with this body.
pub(super) fn scatter(args: &[Ty], axis: usize, body: HloAttr) -> Hlo {
    if args[1].dtype == DType::U64 {
        return Hlo::ExpandOp(with_signed_index);
    }
    let dims = ScatterDims {
        update_window_dims: window_dims(&args[0], &args[1], axis),
        inserted_window_dims: vec![axis],
        scatter_dims_to_operand_dims: vec![axis],
        index_vector_dim: args[1].rank(),
    };
    Hlo::WithAttrs("scatter", [HloAttr::Scatter(dims), body].into())
}

impl Rules for ScatterAdd {
    const NAME: &'static str = "scatter_add";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x, ..] if fits(args, self.axis) && Class::Number.has(x.dtype) => Ok(x.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("a number, integers, and updates as a take along {} gives them", self.axis),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        if ty.dtype.is_float() {
            let mut x = args[0].to_f64_vec();
            writes(args, self.axis, args[2].to_f64_vec()).for_each(|(p, u)| x[p] += u);
            Array::from_f64_iter(ty, x.into_iter())
        } else {
            let mut x = args[0].to_i128_vec();
            writes(args, self.axis, args[2].to_i128_vec()).for_each(|(p, u)| x[p] = x[p].wrapping_add(u));
            Array::from_i128_iter(ty, x.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let by_updates = read(cx.graph, cx.ct, cx.args[1], cx.args[2], self.axis)?;
        Ok(smallvec![Some(cx.ct), None, Some(by_updates)])
    }

    fn jvp(&self, mut cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        if cx.tangents[0].is_none() && cx.tangents[2].is_none() {
            return Ok(None);
        }
        let (x, updates) = (cx.tangent(0)?, cx.tangent(2)?);
        cx.graph.push(self.clone(), &[x, cx.args[1], updates]).map(Some)
    }

    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        batched(cx, self.axis, |axis| ScatterAdd { axis })
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        scatter(args, self.axis, HloAttr::Combine("add", None))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..6).map(|i| 0.5 + f64::from(i)).collect::<Vec<_>>());
        let matrix = x.reshape([2, 3]).unwrap_or_else(|_| x.clone());
        let updates = Array::from([1.0, 2.0, 3.0, 4.0]);
        let square = updates.reshape([2, 2]).unwrap_or_else(|_| updates.clone());
        let index = Array::from([2i64, 0, 0, 1]);
        let none = Array::from(Vec::<f64>::new());
        vec![
            Sample::smooth(ScatterAdd { axis: 0 }, [x.clone(), index, updates]),
            Sample::smooth(ScatterAdd { axis: 1 }, [matrix, Array::from([2i32, 2]), square]),
            Sample::smooth(ScatterAdd { axis: 0 }, [x, Array::from([-3i64, 99]), Array::from([1.0, 2.0])]),
            Sample::smooth(ScatterAdd { axis: 0 }, [none, Array::from([0i64]), Array::from([1.0])]),
            Sample::values(
                ScatterAdd { axis: 0 },
                [Array::from([u32::MAX, 1]), Array::from([0u32, u32::MAX]), Array::from([2u32, 3])],
            ),
        ]
    }
}
