//! Categorical draws.

use pyroxene_ir::{Dims, shape};

use super::{IntoShape, Key, arguments::Call, gumbel};
use crate::{tensor::Tensor, trace::composed};

/// Draws of `i64` from 0 up, in proportion to `e^logits` along `axis` (`jax.random.categorical`): the place of the largest
/// of the logits plus Gumbel draws. Logits need no normalisation, and those of −∞ are never drawn.
///
/// The dimensions of `logits` without `axis` broadcast to `shape`; `None` is these dimensions.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let draws = eval(|| random::categorical(Key::new(0), [0.0, f64::NEG_INFINITY, 1.0], -1, &[50]))?;
/// assert!(draws.to_f64_vec().iter().all(|i| *i == 0.0 || *i == 2.0));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn categorical(key: Key, logits: impl Into<Tensor>, axis: isize, shape: impl IntoShape) -> Tensor {
    let (call, logits) = (Call::new("categorical"), logits.into());
    if logits.is_poison() {
        return Tensor::POISON;
    }
    let (ty, asked) = (logits.ty(), shape.into_shape());
    let Some(axis) = shape::axis(axis, ty.rank()) else {
        call.fail(
            format_args!("axis {axis} of logits of shape {:?}", &ty.dims[..]),
            "name one of their axes",
        );
        return Tensor::POISON;
    };
    if !ty.dtype.is_float() {
        call.fail(format_args!("`logits` have element type {}", ty.dtype), "give floats");
    } else if ty.dims[axis] == 0 {
        call.fail("no categories", "give at least one logit along the axis");
    }
    let mut batch = ty.dims.clone();
    let n = batch.remove(axis);
    let Some(dims) = call.shape_of(asked.as_deref(), &[&batch]) else { return Tensor::POISON };
    // The axis keeps its place from the right.
    let mut all: Dims = dims.clone();
    all.insert(dims.len() - batch.len() + axis, n);
    let from_right = axis as isize - ty.rank() as isize;
    composed(call.loc.clone(), || (gumbel(key, &all, ty.dtype) + logits).argmax(from_right))
}
