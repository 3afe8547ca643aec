//! Reading at integer positions.

use smallvec::smallvec;

use super::*;
use crate::{shape, types::DType};

/// `take(x, index)`: the slices of `x` at the integers `index` along `axis` (NumPy's `take`). The dimensions of the
/// index replace that axis. An index outside is clamped into it; recording adds a check on data.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Take {
    /// The dimension read along.
    pub axis: usize,
}

/// Whether a dtype can index.
pub(super) fn is_index(ty: &Ty) -> bool {
    ty.dtype.is_integer()
}

/// For each element of a tensor of type `taken` (the result of a take) the position in the operand of dimensions
/// `dims` it came from, or `None` where the index lies outside and `clamp` is off.
pub(super) fn positions(
    dims: &[usize],
    index: &Array,
    axis: usize,
    taken: &[usize],
    clamp: bool,
) -> Vec<Option<usize>> {
    let (strides, index_strides) = (shape::strides(dims), shape::strides(index.dims()));
    let at = index.to_i128_vec();
    let size = dims[axis] as i128;
    (0..taken.iter().product())
        .map(|flat| {
            let i = shape::unravel(flat, taken);
            let (before, rest) = i.split_at(axis);
            let (middle, after) = rest.split_at(index.dims().len());
            let k = at[middle.iter().zip(&index_strides).map(|(m, s)| m * s).sum::<usize>()];
            let k = if clamp { k.clamp(0, (size - 1).max(0)) } else { k };
            if k < 0 || k >= size {
                return None;
            }
            let outer: usize = before.iter().zip(&strides).map(|(i, s)| i * s).sum();
            let inner: usize = after.iter().zip(&strides[axis + 1..]).map(|(i, s)| i * s).sum();
            Some(outer + k as usize * strides[axis] + inner)
        })
        .collect()
}

/// The dimensions of a take.
pub(super) fn taken(dims: &[usize], index: &[usize], axis: usize) -> Vec<usize> {
    [&dims[..axis], index, &dims[axis + 1..]].concat()
}

/// The dimensions of a take's result that come from the operand, not from the index.
pub(super) fn window_dims(x: &Ty, index: &Ty, axis: usize) -> Vec<usize> {
    (0..axis).chain(axis + index.rank()..x.rank() - 1 + index.rank()).collect()
}

/// Whether each index is a position in a dimension of size `n`.
pub(super) fn inside(g: &mut Graph, index: Val, n: usize) -> Result<Val, TypeError> {
    let index = g.convert(index, DType::I64)?;
    let (first, last) = (g.full_like(index, 0.0)?, g.full_like(index, n as f64 - 1.0)?);
    let above = g.push(Compare(Comparison::Ge), &[index, first])?;
    let below = g.push(Compare(Comparison::Le), &[index, last])?;
    g.and(above, below)
}

/// Each index moved to the nearest position in a dimension of size `n`, unless all are known to lie there.
pub(crate) fn clamped(g: &mut Graph, index: Val, n: usize) -> Result<Val, TypeError> {
    if unclamped(g, index, n).is_some() || n == 0 {
        return Ok(index);
    }
    let (first, last) = (g.full_like(index, 0.0)?, g.full_like(index, n as f64 - 1.0)?);
    let above = g.max(index, first)?;
    g.push(Min, &[above, last])
}

/// What is moved to the nearest position in a dimension of size `n`, if `index` is that, as in the gradient of a gather;
/// or the index itself where every element is known to be a position.
pub fn unclamped(g: &Graph, index: Val, n: usize) -> Option<Val> {
    let n = n as i128;
    match g.op(index) {
        Some(Op::Iota(iota)) if iota.dims[iota.axis] as i128 <= n => Some(index),
        Some(Op::Min(_)) => {
            let above = beside(g, index, n)?;
            let Some(Op::Max(_)) = g.op(above) else { return None };
            beside(g, above, n)
        }
        _ => are_positions(g, index, n).then_some(index),
    }
}

/// Whether a value is made of a constant of which every element is at least zero and less than `n`.
fn are_positions(g: &Graph, v: Val, n: i128) -> bool {
    match g.op(v) {
        Some(Op::Constant(list)) => list.0.to_i128_vec().iter().all(|i| (0..n).contains(i)),
        Some(Op::Broadcast(_)) => are_positions(g, g.operands(v)[0], n),
        _ => false,
    }
}

/// The other operand of two, if one is made of such a constant.
fn beside(g: &Graph, v: Val, n: i128) -> Option<Val> {
    let operands = g.operands(v);
    let bound = operands.iter().position(|o| are_positions(g, *o, n))?;
    Some(operands[1 - bound])
}

/// The index into a dimension of size `n` as `i64`: one that has no such number becomes `n`, which lies outside too.
pub(super) fn signed(g: &mut Graph, index: Val, n: usize) -> Result<Val, TypeError> {
    if g.ty(index).dtype != DType::U64 {
        return g.convert(index, DType::I64);
    }
    let outside = g.full_like(index, n as f64)?;
    let index = g.push(Min, &[index, outside])?;
    g.convert(index, DType::I64)
}

/// A take or scatter by `u64`, of which XLA takes the upper half for negative where it knows the index, as one by `i64`.
pub(super) fn with_signed_index(op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let axis = match op {
        Op::Take(take) => take.axis,
        Op::Scatter(scatter) => scatter.axis,
        Op::ScatterAdd(scatter) => scatter.axis,
        _ => 0,
    };
    let mut operands = Operands::from_slice(args);
    operands[1] = signed(g, args[1], g.ty(args[0]).dims[axis])?;
    g.push_all(op.clone(), &operands)
}

/// What a batched index that lies outside becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OutOfRange {
    /// The nearest position inside.
    Clamp,
    /// A position outside for the whole batch too.
    Drop,
}

/// Operand and index of a take or scatter where both hold a batch: the members' slices one after another along `axis`,
/// and an index into all of them, whose first dimension is the batch's.
pub(super) fn joint(cx: &mut Batch<'_>, axis: usize, outside: OutOfRange) -> Result<(Val, Val), TypeError> {
    let (x, index) = (cx.at(0, axis)?, cx.at(1, 0)?);
    let g = &mut *cx.graph;
    let mut dims = g.ty(x).dims.clone();
    let n = dims.remove(axis + 1);
    dims[axis] = cx.size.saturating_mul(n);
    let x = g.reshape(x, &dims)?;
    let index = signed(g, index, n)?;
    let ty = g.ty(index).clone();
    let (zero, last) = (g.full(&ty, 0.0)?, g.full(&ty, n as f64 - 1.0)?);
    let member = g.push(Iota { dtype: DType::I64, dims: ty.dims.clone(), axis: 0 }, &[])?;
    let stride = g.full(&ty, n as f64)?;
    let offset = g.mul(member, stride)?;
    let inside = g.max(index, zero)?;
    let inside = g.push(Min, &[inside, last])?;
    let at = g.add(inside, offset)?;
    let at = match outside {
        OutOfRange::Clamp => at,
        OutOfRange::Drop => {
            let (valid, nowhere) = (g.eq(inside, index)?, g.full(&ty, -1.0)?);
            g.select(valid, at, nowhere)?
        }
    };
    Ok((x, at))
}

impl Rules for Take {
    const NAME: &'static str = "take";
    const COST: Cost = Cost::Reads;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x, index]
                if self.axis < x.rank() && is_index(index) && (x.dims[self.axis] > 0 || index.is_empty()) =>
            {
                Ok(x.with_dims(taken(&x.dims, &index.dims, self.axis)))
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("an operand with a nonempty dimension {} and integers", self.axis),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let at = positions(args[0].dims(), args[1], self.axis, &ty.dims, true);
        args[0].pick(&ty.dims, at.into_iter().map(|p| p.unwrap_or(0)))
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let zeros = cx.graph.full_like(cx.args[0], 0.0)?;
        let index = clamped(cx.graph, cx.args[1], cx.graph.ty(cx.args[0]).dims[self.axis])?;
        let by = cx.graph.push(ScatterAdd { axis: self.axis }, &[zeros, index, cx.ct])?;
        Ok(smallvec![Some(by), None])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t, cx.args[1]])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        match (cx.axes[0], cx.axes[1]) {
            (Some(_), None) => {
                let (x, end) = cx.at_an_end()?;
                let rank = cx.graph.ty(x).rank() - 2 + cx.graph.ty(cx.args[1]).rank();
                let axis = end.shifted(self.axis);
                Ok((cx.graph.push(Take { axis }, &[x, cx.args[1]])?, end.axis(rank)))
            }
            // The dimensions of the index replace the axis, the batch's among them.
            (None, batch) => {
                let taken = cx.graph.push(self.clone(), cx.args)?;
                Ok((taken, self.axis + batch.unwrap_or(0)))
            }
            (Some(_), Some(_)) => {
                let (x, index) = joint(&mut cx, self.axis, OutOfRange::Clamp)?;
                Ok((cx.graph.push(self.clone(), &[x, index])?, self.axis))
            }
        }
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        let (x, index) = (&args[0], &args[1]);
        if index.dtype == DType::U64 {
            return Hlo::ExpandOp(with_signed_index);
        }
        let mut slice_sizes = x.dims.to_vec();
        slice_sizes[self.axis] = x.dims[self.axis].min(1);
        let dims = GatherDims {
            offset_dims: window_dims(x, index, self.axis),
            collapsed_slice_dims: vec![self.axis],
            start_index_map: vec![self.axis],
            index_vector_dim: index.rank(),
            slice_sizes,
        };
        Hlo::with("gather", HloAttr::Gather(dims))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..6).map(|i| 0.5 + f64::from(i)).collect::<Vec<_>>());
        let matrix = x.reshape([2, 3]).unwrap_or_else(|_| x.clone());
        let index = Array::from([2i64, 0, 0, 1]);
        let square = index.reshape([2, 2]).unwrap_or_else(|_| index.clone());
        vec![
            Sample::smooth(Take { axis: 0 }, [x.clone(), index.clone()]),
            Sample::smooth(Take { axis: 1 }, [matrix.clone(), square]),
            Sample::smooth(Take { axis: 0 }, [matrix, Array::scalar(1i32)]),
            Sample::smooth(Take { axis: 0 }, [x.clone(), Array::from([-3i64, 99])]),
            Sample::values(Take { axis: 0 }, [x.clone(), Array::from([u64::MAX, 1])]),
            Sample::values(Take { axis: 0 }, [x, Array::from([1, u32::MAX])]),
        ]
    }
}
