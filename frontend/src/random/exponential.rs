//! Exponential draws.

use pyroxene_ir::DType;

use super::{Key, uniform};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the exponential distribution of rate 1 (`jax.random.exponential`).
#[track_caller]
pub fn exponential(key: Key, dims: &[usize], dtype: DType) -> Tensor {
    -(-uniform(key, dims, dtype, 0.0, 1.0)).log1p()
}
