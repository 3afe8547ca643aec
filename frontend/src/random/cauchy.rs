//! Cauchy draws.

use std::f64::consts::PI;

use pyroxene_ir::DType;

use super::{Key, arguments::Call, uniform, uniform::epsilon};
use crate::tensor::Tensor;

/// Standard Cauchy draws of float type `dtype` and dimensions `shape` (`jax.random.cauchy`).
#[track_caller]
pub fn cauchy(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("cauchy").float(dtype).is_none() {
        return Tensor::POISON;
    }
    ((uniform(key, shape, dtype, epsilon(dtype), 1.0) - 0.5) * PI).tan()
}
