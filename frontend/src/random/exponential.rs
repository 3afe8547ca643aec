//! Exponential draws.

use pyroxene_ir::DType;

use super::{Key, arguments::Call, uniform};
use crate::tensor::Tensor;

/// Draws of float type `dtype` and dimensions `shape` from the exponential distribution of rate 1
/// (`jax.random.exponential`).
#[track_caller]
pub fn exponential(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("exponential").float(dtype).is_none() {
        return Tensor::POISON;
    }
    // From 1 − u, which is never zero.
    -(-uniform(key, shape, dtype, 0.0, 1.0)).log1p()
}
