//! Slices at positions known only when the program runs.

use super::{batching::insert, take::signed, *};
use crate::{
    shape,
    types::{DType, Dims},
};

/// `dynamic_slice(x, i₀, i₁, …)`: the elements of `x` from the scalars `iₖ` on, `sizes[k]` along dimension `k`. The start is
/// moved so that the slice lies inside, as XLA does.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DynamicSlice {
    /// The size of the slice along each dimension.
    pub sizes: Dims,
}

/// Whether `indices` are scalars of one integer type, one for each dimension, and the sizes fit.
pub(super) fn fits(x: &Ty, sizes: &[usize], indices: &[Ty]) -> bool {
    let scalars =
        indices.iter().all(|i| i.rank() == 0 && i.dtype.is_integer() && i.dtype == indices[0].dtype);
    x.rank() == sizes.len()
        && x.rank() == indices.len()
        && scalars
        && sizes.iter().zip(&x.dims).all(|(s, d)| s <= d)
}

/// Whether indices are of a type of which XLA takes the upper half for negative where it knows the index.
pub(super) fn is_unsigned(indices: &[Ty]) -> bool {
    indices.first().is_some_and(|i| i.dtype == DType::U64)
}

/// The same op on signed indices, of which operand `first` is the first.
pub(super) fn with_signed(op: &Op, g: &mut Graph, args: &[Val], first: usize) -> Result<Operands, TypeError> {
    let dims = g.ty(args[0]).dims.clone();
    let mut operands = Operands::from_slice(args);
    for (index, n) in operands[first..].iter_mut().zip(dims) {
        *index = signed(g, *index, n)?;
    }
    g.push_all(op.clone(), &operands)
}

/// The index along the dimension of a batch that is taken whole, of the type of the other indices.
pub(super) fn whole(g: &mut Graph, indices: &[Val]) -> Result<Val, TypeError> {
    let ty = indices.first().map_or(Ty::scalar(DType::I32), |i| g.ty(*i).clone());
    g.full(&ty, 0.0)
}

/// For each element of the slice, in order, its position in an operand of dimensions `dims`.
pub(super) fn positions(dims: &[usize], sizes: &[usize], indices: &[&Array]) -> Vec<usize> {
    let strides = shape::strides(dims);
    let starts: Vec<usize> = indices
        .iter()
        .zip(dims.iter().zip(sizes))
        .map(|(i, (d, s))| i.to_i128_vec()[0].clamp(0, (d - s) as i128) as usize)
        .collect();
    (0..sizes.iter().product())
        .map(|flat| {
            let index = shape::unravel(flat, sizes);
            (0..dims.len()).map(|k| (starts[k] + index[k]) * strides[k]).sum()
        })
        .collect()
}

/// The position in the row-major elements of one member's operand that each element of its slice has, over a batch of
/// starts: an `i64` tensor of the batch and then `sizes`. The first index is operand `first`.
pub(super) fn batched_positions(
    cx: &mut Batch<'_>,
    dims: &[usize],
    sizes: &[usize],
    first: usize,
) -> Result<Val, TypeError> {
    let strides = shape::strides(dims);
    let ty = Ty::new(DType::I64, std::iter::once(cx.size).chain(sizes.iter().copied()));
    let mut at = cx.graph.full(&ty, 0.0)?;
    for k in 0..dims.len() {
        let start = cx.at(first + k, 0)?;
        let g = &mut *cx.graph;
        let start = signed(g, start, dims[k])?;
        let starts = g.ty(start).clone();
        let (zero, last) = (g.full(&starts, 0.0)?, g.full(&starts, (dims[k] - sizes[k]) as f64)?);
        let start = g.max(start, zero)?;
        let start = g.push(Min, &[start, last])?;
        let start = g.push(Broadcast { dims: ty.dims.clone(), map: Dims::from_slice(&[0]) }, &[start])?;
        let within = g.push(Iota { dtype: DType::I64, dims: ty.dims.clone(), axis: k + 1 }, &[])?;
        let (index, stride) = (g.add(start, within)?, g.full(&ty, strides[k] as f64)?);
        let offset = g.mul(index, stride)?;
        at = g.add(at, offset)?;
    }
    Ok(at)
}

impl Rules for DynamicSlice {
    const NAME: &'static str = "dynamic_slice";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x, indices @ ..] if fits(x, &self.sizes, indices) => Ok(x.with_dims(self.sizes.iter().copied())),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "an operand that holds {:?} elements, and an integer scalar for each dimension",
                    self.sizes
                ),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        args[0].pick(&ty.dims, positions(args[0].dims(), &self.sizes, &args[1..]).into_iter())
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let zeros = cx.graph.full_like(cx.args[0], 0.0)?;
        let operands: Vec<Val> = [zeros, cx.ct].iter().chain(&cx.args[1..]).copied().collect();
        let by = cx.graph.push(DynamicUpdateSlice, &operands)?;
        Ok(std::iter::once(Some(by)).chain(cx.args[1..].iter().map(|_| None)).collect())
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let Some(t) = cx.tangents[0] else { return Ok(None) };
        let operands: Vec<Val> = std::iter::once(t).chain(cx.args[1..].iter().copied()).collect();
        cx.graph.push(self.clone(), &operands).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        if cx.axes[1..].iter().all(Option::is_none) {
            let (x, axis) = cx.first();
            let sizes = insert(&self.sizes, axis, cx.size);
            let mut operands: Vec<Val> = std::iter::once(x).chain(cx.args[1..].iter().copied()).collect();
            operands.insert(1 + axis, whole(cx.graph, &cx.args[1..])?);
            return Ok((cx.graph.push(DynamicSlice { sizes }, &operands)?, axis));
        }
        let x = cx.at(0, 0)?;
        let dims = cx.graph.ty(x).dims[1..].to_vec();
        let at = batched_positions(&mut cx, &dims, &self.sizes, 1)?;
        let (size, len) = (cx.size, dims.iter().product());
        let rows = cx.graph.reshape(x, &[size, len])?;
        let member = Batch { graph: cx.graph, args: &[rows, at], axes: &[Some(0), Some(0)], size };
        Rules::batch(&Take { axis: 0 }, member)
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        if is_unsigned(&args[1..]) {
            return Hlo::ExpandOp(|op, g, args| with_signed(op, g, args, 1));
        }
        Hlo::with("dynamic-slice", HloAttr::SliceSizes(self.sizes.to_vec()))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..12).map(|i| 0.5 + f64::from(i)).collect::<Vec<_>>());
        let matrix = x.reshape([3, 4]).unwrap_or_else(|_| x.clone());
        let of = |sizes: &[usize]| DynamicSlice { sizes: Dims::from_slice(sizes) };
        let at = |i: i64| Array::scalar(i);
        vec![
            Sample::smooth(of(&[2, 2]), [matrix.clone(), at(1), at(1)]),
            Sample::smooth(of(&[5]), [x.clone(), at(100)]),
            Sample::values(of(&[1, 4]), [matrix, at(-3), at(2)]),
            Sample::values(of(&[2]), [Array::from([1i32, 2, 3]), Array::scalar(1i32)]),
            Sample::values(of(&[1]), [Array::from([true, false]), Array::scalar(1u32)]),
            Sample::values(of(&[2]), [Array::from([1i32, 2, 3]), Array::scalar(u64::MAX)]),
            Sample::values(of(&[2]), [Array::from([1i32, 2, 3]), Array::scalar(u32::MAX)]),
            Sample::values(of(&[]), [Array::scalar(2.5f32)]),
        ]
    }
}
