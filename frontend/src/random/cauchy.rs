//! Cauchy draws.

use std::f64::consts::PI;

use pyroxene_ir::DType;

use super::{Key, uniform};
use crate::tensor::Tensor;

/// Standard Cauchy draws of float type `dtype` (`jax.random.cauchy`).
#[track_caller]
pub fn cauchy(key: Key, dims: &[usize], dtype: DType) -> Tensor {
    let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    ((uniform(key, dims, dtype, epsilon, 1.0) - 0.5) * PI).tan()
}
