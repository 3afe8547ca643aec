//! Laplace draws.

use pyroxene_ir::DType;

use super::{Key, arguments::Call, uniform, uniform::above_minus_one};
use crate::tensor::Tensor;

/// Draws of float type `dtype` and dimensions `shape` from the Laplace distribution about 0 of scale 1
/// (`jax.random.laplace`).
#[track_caller]
pub fn laplace(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("laplace").float(dtype).is_none() {
        return Tensor::POISON;
    }
    let u = uniform(key, shape, dtype, above_minus_one(dtype), 1.0);
    u.sign() * (-u.abs()).log1p()
}
