//! Normal draws.

use pyroxene_ir::DType;

use super::{Key, uniform};
use crate::tensor::Tensor;

/// Standard normal draws of float type `dtype` (`jax.random.normal`): √2 erf⁻¹ of a uniform on (−1, 1).
#[track_caller]
pub fn normal(key: Key, dims: &[usize], dtype: DType) -> Tensor {
    let above_minus_one = match dtype {
        DType::F32 => f64::from((-1.0f32).next_up()),
        _ => (-1.0f64).next_up(),
    };
    uniform(key, dims, dtype, above_minus_one, 1.0).erf_inv() * std::f64::consts::SQRT_2
}
