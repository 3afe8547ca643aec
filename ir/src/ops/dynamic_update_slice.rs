//! Writing a slice at a position known only when the program runs.

use super::{
    dynamic_slice::{batched_positions, fits, is_unsigned, positions, whole, with_signed},
    *,
};
use crate::types::DType;

/// `dynamic_update_slice(x, u, i₀, i₁, …)`: `x` with the elements from the scalars `iₖ` on replaced by `u`. The start is
/// moved so that `u` lies inside, as XLA does.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DynamicUpdateSlice;

fn operands(first: [Val; 2], indices: &[Val]) -> Vec<Val> {
    first.iter().chain(indices).copied().collect()
}

impl Rules for DynamicUpdateSlice {
    const NAME: &'static str = "dynamic_update_slice";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x, update, indices @ ..] if x.dtype == update.dtype && fits(x, &update.dims, indices) => {
                Ok(x.clone())
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected:
                    "an operand, a smaller one of its element type and rank, and an integer scalar for each \
                           dimension"
                        .into(),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let at = positions(&ty.dims, args[1].dims(), &args[2..]);
        if ty.dtype.is_float() {
            let mut x = args[0].to_f64_vec();
            at.into_iter().zip(args[1].to_f64_vec()).for_each(|(p, u)| x[p] = u);
            Array::from_f64_iter(ty, x.into_iter())
        } else {
            let mut x = args[0].to_i128_vec();
            at.into_iter().zip(args[1].to_i128_vec()).for_each(|(p, u)| x[p] = u);
            Array::from_i128_iter(ty, x.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let indices = &cx.args[2..];
        let zeros = cx.graph.full_like(cx.args[1], 0.0)?;
        let sizes = cx.graph.ty(zeros).dims.clone();
        let by_x = cx.graph.push(DynamicUpdateSlice, &operands([cx.ct, zeros], indices))?;
        let read: Vec<Val> = std::iter::once(cx.ct).chain(indices.iter().copied()).collect();
        let by_update = cx.graph.push(DynamicSlice { sizes }, &read)?;
        Ok([Some(by_x), Some(by_update)].into_iter().chain(indices.iter().map(|_| None)).collect())
    }

    fn jvp(&self, mut cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        if cx.tangents[..2].iter().all(Option::is_none) {
            return Ok(None);
        }
        let first = [cx.tangent(0)?, cx.tangent(1)?];
        cx.graph.push(DynamicUpdateSlice, &operands(first, &cx.args[2..])).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        if cx.axes[2..].iter().all(Option::is_none) {
            let axis = cx.common_axis();
            let first = [cx.at(0, axis)?, cx.at(1, axis)?];
            let mut indices = cx.args[2..].to_vec();
            indices.insert(axis, whole(cx.graph, &cx.args[2..])?);
            return Ok((cx.graph.push(DynamicUpdateSlice, &operands(first, &indices))?, axis));
        }
        let (x, update) = (cx.at(0, 0)?, cx.at(1, 0)?);
        let ty = cx.graph.ty(x).clone();
        let sizes = cx.graph.ty(update).dims[1..].to_vec();
        let at = batched_positions(&mut cx, &ty.dims[1..], &sizes, 2)?;
        Ok((write(&mut cx, x, update, at)?, 0))
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        if is_unsigned(&args[2..]) {
            return Hlo::ExpandOp(|op, g, args| with_signed(op, g, args, 2));
        }
        Hlo::Native("dynamic-update-slice")
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..12).map(|i| 0.5 + f64::from(i)).collect::<Vec<_>>());
        let matrix = x.reshape([3, 4]).unwrap_or_else(|_| x.clone());
        let update = Array::from([-1.0, -2.0, -3.0, -4.0]);
        let square = update.reshape([2, 2]).unwrap_or_else(|_| update.clone());
        let at = |i: i64| Array::scalar(i);
        vec![
            Sample::smooth(DynamicUpdateSlice, [matrix.clone(), square.clone(), at(1), at(1)]),
            Sample::smooth(DynamicUpdateSlice, [x, update, at(100)]),
            Sample::values(DynamicUpdateSlice, [matrix, square, at(-3), at(2)]),
            Sample::values(
                DynamicUpdateSlice,
                [Array::from([1i32, 2, 3]), Array::from([7i32]), Array::scalar(1i32)],
            ),
            Sample::values(
                DynamicUpdateSlice,
                [Array::from([true, false]), Array::from([true]), Array::scalar(1u32)],
            ),
            Sample::values(
                DynamicUpdateSlice,
                [Array::from([1i32, 2, 3]), Array::from([7i32]), Array::scalar(u64::MAX)],
            ),
            Sample::values(
                DynamicUpdateSlice,
                [Array::from([1i32, 2, 3]), Array::from([7i32]), Array::scalar(u32::MAX)],
            ),
        ]
    }
}

/// `x` with each member's elements at the positions `at` replaced by `update`; the batch comes first in all three.
///
/// Positions of one member are distinct, so that adding to zeros writes, and adding ones says where.
fn write(cx: &mut Batch<'_>, x: Val, update: Val, at: Val) -> Result<Val, TypeError> {
    let (ty, size) = (cx.graph.ty(x).clone(), cx.size);
    let len = ty.dims[1..].iter().product();
    let number = if ty.dtype == DType::Bool { DType::I32 } else { ty.dtype };
    let scatter = |g: &mut Graph, dtype: DType, values: Val| {
        let zeros = g.full(&Ty::new(dtype, [size, len]), 0.0)?;
        let axes = [Some(0), Some(0), Some(0)];
        let (written, axis) = Rules::batch(
            &ScatterAdd { axis: 0 },
            Batch { graph: g, args: &[zeros, at, values], axes: &axes, size },
        )?;
        let written = g.move_axis(written, axis, 0)?;
        g.reshape(written, &ty.dims)
    };
    let g = &mut *cx.graph;
    let values = g.convert(update, number)?;
    let values = scatter(g, number, values)?;
    let values = g.convert(values, ty.dtype)?;
    let ones = g.full(&g.ty(update).with_dtype(DType::I32), 1.0)?;
    let count = scatter(g, DType::I32, ones)?;
    let zero = g.full_like(count, 0.0)?;
    let on = g.gt(count, zero)?;
    g.select(on, values, x)
}
