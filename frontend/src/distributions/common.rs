//! What the distributions' methods share: dimensions of draws and densities, and numbers in the right precision.

use pyroxene_ir::{DType, Dims, Loc, shape};

use super::{Distribution, Param};
use crate::{
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// The widest float type among parameters; the default one if there is none.
pub(crate) fn float_dtype(params: &[Param]) -> DType {
    let floats = params.iter().filter(|p| !p.value.is_weak()).map(|p| p.value.dtype());
    floats.filter(|d| d.is_float()).max_by_key(|d| d.size()).unwrap_or(crate::trace::DEFAULT_FLOAT)
}

/// The dimensions of a draw: `sample_shape` and then the batch.
pub(crate) fn draw_dims(d: &dyn Distribution, sample_shape: &[usize]) -> Dims {
    let mut dims = Dims::from_slice(sample_shape);
    dims.extend(d.batch_shape().unwrap_or_default());
    dims
}

/// A log density in at least the dimensions `dims`: one that a value or a parameter does not change has too few.
#[track_caller]
pub(crate) fn spread(log_prob: Tensor, dims: &[usize]) -> Tensor {
    let own = log_prob.dims();
    match shape::broadcast(&own, dims) {
        Some(both) => log_prob.broadcast_to(&both),
        None => {
            let (left, right) = (own.to_vec(), dims.to_vec());
            fail(ErrorKind::Broadcast { op: "log_prob", left, right }, Loc::caller())
        }
    }
}

/// A quantity of each batch element, such as a mean, as floats in all of the batch's dimensions.
#[track_caller]
pub(crate) fn batched(d: &dyn Distribution, x: Tensor) -> Tensor {
    spread(x.as_float(Loc::caller()), &d.batch_shape().unwrap_or_default())
}

/// A value as a float to multiply with; truth values and integers become `dtype`.
pub(crate) fn as_number(value: Tensor, dtype: DType) -> Tensor {
    if value.dtype().is_float() { value } else { value.convert(dtype) }
}

/// The least positive number of normal precision.
pub(crate) fn least_positive(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE }
}

/// One less the precision of numbers around it.
pub(crate) fn greatest_below_one(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(1.0 - f32::EPSILON) } else { 1.0 - f64::EPSILON }
}

/// Probabilities short of 0 and 1, where their logarithms are finite (NumPyro's `clamp_probs`).
pub(crate) fn clamp_probs(probs: Tensor, dtype: DType) -> Tensor {
    probs.convert(dtype).clamp(least_positive(dtype), greatest_below_one(dtype))
}

/// Whether a parameter is the result of an error, so that the distribution's shape means nothing.
pub(crate) fn is_poisoned(d: &dyn Distribution) -> bool {
    d.params().iter().any(|p| p.value.is_poison())
}

/// How an expanded draw is made: what to add to the sample shape, and the permutation that puts every dimension in its
/// place, those of size 1 that were stretched last; no permutation if none was.
pub(super) struct DrawLayout {
    pub(super) sample_shape: Dims,
    pub(super) order: Dims,
}

/// The layout of a draw with batch `own` expanded to `batch`.
pub(super) fn draw_layout(own: &[usize], batch: &[usize], event_rank: usize) -> DrawLayout {
    let added = batch.len().saturating_sub(own.len());
    let stretched: Vec<usize> =
        (0..own.len()).rev().filter(|i| own[*i] == 1 && batch[added + i] != 1).collect();
    let mut sample_shape = Dims::from_slice(&batch[..added]);
    sample_shape.extend(stretched.iter().map(|i| batch[added + i]));
    if stretched.is_empty() {
        return DrawLayout { sample_shape, order: Dims::new() };
    }
    let first = added + stretched.len();
    let place = |i: usize| stretched.iter().position(|s| *s == i).map_or(first + i, |k| added + k);
    let mut order: Dims = (0..added).chain((0..own.len()).map(place)).collect();
    order.extend((0..event_rank).map(|i| first + own.len() + i));
    order.extend(stretched.iter().map(|i| first + i));
    DrawLayout { sample_shape, order }
}
