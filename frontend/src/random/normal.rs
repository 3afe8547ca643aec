//! Normal draws.

use pyroxene_ir::DType;

use super::{Key, arguments::Call, uniform, uniform::above_minus_one};
use crate::tensor::Tensor;

/// Standard normal draws of float type `dtype` and dimensions `shape` (`jax.random.normal`): √2 erf⁻¹ of a uniform on
/// (−1, 1).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| 10.0 + random::normal(Key::new(0), &[2, 3], DType::F64) * 0.5)?;
/// assert_eq!(x.dims(), [2, 3]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn normal(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("normal").float(dtype).is_none() {
        return Tensor::POISON;
    }
    uniform(key, shape, dtype, above_minus_one(dtype), 1.0).erf_inv() * std::f64::consts::SQRT_2
}
