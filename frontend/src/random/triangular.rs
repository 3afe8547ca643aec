//! Triangular draws.

use pyroxene_ir::DType;

use super::{IntoShape, Key, arguments::Call, uniform};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the triangular distribution from `left` to `right` with its peak at `mode`
/// (`jax.random.triangular`). The parameters broadcast to `shape`; `None` is the shape they broadcast to.
#[track_caller]
pub fn triangular(
    key: Key,
    left: impl Into<Tensor>,
    mode: impl Into<Tensor>,
    right: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, left, right) = (Call::new("triangular"), left.into(), right.into());
    call.range(left, right);
    let Some(([left, mode, right], dims)) = call.params(shape, dtype, [left, mode.into(), right]) else {
        return Tensor::POISON;
    };
    let u = uniform(key, &dims, dtype, 0.0, 1.0);
    let below = left + (u * (right - left) * (mode - left)).sqrt();
    let above = right - ((1.0 - u) * (right - left) * (right - mode)).sqrt();
    u.less((mode - left) / (right - left)).select(below, above)
}
