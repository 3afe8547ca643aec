//! Uniform draws, which most others transform.

use pyroxene_ir::{DType, Ty, threefry};

use super::{Key, arguments::Call};
use crate::{tensor::Tensor, trace::build};

/// Draws of float type `dtype` and dimensions `shape`, uniform on [`minval`, `maxval`) (`jax.random.uniform`). The bounds
/// broadcast to `shape`; constant ones must leave a range between them. Where the bounds are equal, or the upper one is
/// less, the lower one is drawn.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let u = eval(|| random::uniform(Key::new(0), &[100], DType::F64, -1.0, 1.0))?;
/// assert!(u.to_f64_vec().iter().all(|u| (-1.0..1.0).contains(u)));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn uniform(
    key: Key,
    shape: &[usize],
    dtype: DType,
    minval: impl Into<Tensor>,
    maxval: impl Into<Tensor>,
) -> Tensor {
    let (call, minval, maxval) = (Call::new("uniform"), minval.into(), maxval.into());
    call.range(minval, maxval);
    let Some(([low, high], dims)) = call.params(shape, dtype, [minval, maxval]) else {
        return Tensor::POISON;
    };
    let ty = Ty::new(dtype, dims);
    let unit = build("uniform", &[key.0], call.loc, |g, v| threefry::unit_uniform(g, v[0], &ty));
    (unit * (high - low) + low).maximum(low)
}

/// The smallest positive normal number.
pub(crate) fn tiny(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE }
}

/// The distance from one to the next larger number.
pub(crate) fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// The least number above minus one.
pub(super) fn above_minus_one(dtype: DType) -> f64 {
    -1.0 + 0.5 * epsilon(dtype)
}
