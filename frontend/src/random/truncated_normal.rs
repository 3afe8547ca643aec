//! Truncated normal draws.

use std::f64::consts::SQRT_2;

use pyroxene_ir::{Array, DType};

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
    let (least, greatest) = (next(lower.stop_gradient(), true), next(upper.stop_gradient(), false));
    (u.erf_inv() * SQRT_2).maximum(least).minimum(greatest)
}

/// The next float above, or below; infinities on that side stay.
#[track_caller]
fn next(x: Tensor, up: bool) -> Tensor {
    let (words, sign) = match x.dtype() {
        DType::F32 => (DType::I32, Array::from(i32::MIN)),
        _ => (DType::I64, Array::from(i64::MIN)),
    };
    let one = Tensor::from(1i64).convert(words);
    // The bits of floats count up away from zero.
    let bits = x.bitcast(words);
    let away = if up { x.greater(0.0) } else { x.less(0.0) };
    let stepped = away.select(bits + one, bits - one);
    let beside_zero = if up { one } else { Tensor::from(sign) + one };
    let stepped = x.equal(0.0).select(beside_zero, stepped).bitcast(x.dtype());
    let end = if up { f64::INFINITY } else { f64::NEG_INFINITY };
    (x.equal(end) | x.is_nan()).select(x, stepped)
}
