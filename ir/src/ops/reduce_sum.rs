//! Sums over dimensions.

use smallvec::smallvec;

use super::*;
use crate::{shape, types::Dims};

/// The sum over `axes`, which disappear; integers wrap.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ReduceSum {
    /// The dimensions summed over, increasing.
    pub axes: Dims,
}

/// The operand's dimensions without `axes`, if these are increasing dimensions of it.
pub(super) fn remaining(dims: &[usize], axes: &[usize]) -> Option<Dims> {
    let valid = axes.windows(2).all(|w| w[0] < w[1]) && axes.iter().all(|a| *a < dims.len());
    valid.then(|| (0..dims.len()).filter(|i| !axes.contains(i)).map(|i| dims[i]).collect())
}

/// The type rule of reductions of numbers over `axes`, by words for what they do.
pub(super) fn reduced(op: &'static str, args: &[Ty], axes: &[usize], does: &str) -> Result<Ty, TypeError> {
    match args {
        [x] if Class::Number.has(x.dtype) => remaining(&x.dims, axes).map(|dims| x.with_dims(dims)),
        _ => None,
    }
    .ok_or_else(|| TypeError {
        op,
        operands: args.to_vec(),
        expected: format!("one numeric operand with dimensions {axes:?} to {does}"),
    })
}

/// Folds the elements over `axes` in row-major order, each result starting from `init`.
pub(super) fn fold<T: Copy>(
    x: &[T],
    dims: &[usize],
    axes: &[usize],
    init: T,
    f: impl Fn(T, T) -> T,
) -> Vec<T> {
    let kept: Vec<usize> = (0..dims.len()).filter(|i| !axes.contains(i)).collect();
    let out: Dims = kept.iter().map(|i| dims[*i]).collect();
    let strides = shape::strides(&out);
    let mut result = vec![init; out.iter().product()];
    for (flat, value) in x.iter().enumerate() {
        let index = shape::unravel(flat, dims);
        let to: usize = kept.iter().zip(&strides).map(|(i, s)| index[*i] * s).sum();
        result[to] = f(result[to], *value);
    }
    result
}

impl Rules for ReduceSum {
    const NAME: &'static str = "reduce_sum";
    const COST: Cost = Cost::Reads;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        reduced(Self::NAME, args, &self.axes, "sum over")
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let dims = args[0].dims();
        if ty.dtype.is_float() {
            let sums = fold(&args[0].to_f64_vec(), dims, &self.axes, 0.0, |x, y| x + y);
            Array::from_f64_iter(ty, sums.into_iter())
        } else {
            let sums = fold(&args[0].to_i128_vec(), dims, &self.axes, 0, i128::wrapping_add);
            Array::from_i128_iter(ty, sums.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let dims = cx.graph.ty(cx.args[0]).dims.clone();
        let map = (0..dims.len()).filter(|i| !self.axes.contains(i)).collect();
        Ok(smallvec![Some(cx.graph.push(Broadcast { dims, map }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        cx.reduced(&self.axes, |axes| ReduceSum { axes })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let attrs = [HloAttr::Dimensions(self.axes.to_vec()), HloAttr::Combine("add", Some(0.0))];
        Hlo::WithAttrs("reduce", attrs.into())
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..6).map(|i| 0.5 * f64::from(i) - 1.0).collect::<Vec<_>>());
        let x = x.reshape([2, 3]).unwrap_or(x);
        let over = |axes: &[usize]| ReduceSum { axes: Dims::from_slice(axes) };
        vec![
            Sample::smooth(over(&[0]), [x.clone()]),
            Sample::smooth(over(&[1]), [x.clone()]),
            Sample::smooth(over(&[0, 1]), [x.clone()]),
            Sample::values(over(&[0]), [x.convert(crate::types::DType::F32)]),
            Sample::values(over(&[0]), [Array::from([3i32, -4])]),
            Sample::values(over(&[0]), [Array::from([u32::MAX, 3])]),
            Sample::values(over(&[0]), [Array::from(Vec::<f64>::new())]),
        ]
    }
}
