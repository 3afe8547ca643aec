//! Truncated normal draws.

use std::f64::consts::SQRT_2;

use pyroxene_ir::DType;

use super::{IntoShape, Key, arguments::Call, uniform};
use crate::tensor::Tensor;

/// Standard normal draws of float type `dtype` in the open interval from `lower` to `upper`
/// (`jax.random.truncated_normal`). The bounds broadcast to `shape`; `None` is the shape they broadcast to.
///
/// The draw is a difference of values of `erf`, so that where both bounds lie beyond about 5 (in single precision 3) on
/// the same side few values are left between them, as in JAX.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| random::truncated_normal(Key::new(0), 0.0, f64::INFINITY, &[50], DType::F64))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x > 0.0));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn truncated_normal(
    key: Key,
    lower: impl Into<Tensor>,
    upper: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, lower, upper) = (Call::new("truncated_normal"), lower.into(), upper.into());
    call.range(lower, upper);
    let Some(([lower, upper], dims)) = call.params(shape, dtype, [lower, upper]) else {
        return Tensor::POISON;
    };
    let u = uniform(key, &dims, dtype, (lower / SQRT_2).erf(), (upper / SQRT_2).erf());
    // Rounding must not leave the interval.
    let least = lower.stop_gradient().nextafter(f64::INFINITY);
    let greatest = upper.stop_gradient().nextafter(f64::NEG_INFINITY);
    (u.erf_inv() * SQRT_2).maximum(least).minimum(greatest)
}
