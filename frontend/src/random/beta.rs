//! Beta draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    loggamma,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the beta distribution (`jax.random.beta`): the share of one gamma draw in the sum of
/// two, from their logarithms. The parameters broadcast to `shape`; `None` is the shape they broadcast to.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let share = eval(|| random::beta(Key::new(0), 2.0, 5.0, &[20], DType::F64))?;
/// assert!(share.to_f64_vec().iter().all(|x| (0.0..=1.0).contains(x)));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn beta(
    key: Key,
    a: impl Into<Tensor>,
    b: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, a, b) = (Call::new("beta"), a.into(), b.into());
    call.domain("a", a, &POSITIVE);
    call.domain("b", b, &POSITIVE);
    let Some(([a, b], dims)) = call.params(shape, dtype, [a, b]) else { return Tensor::POISON };
    let [key_a, key_b] = key.split();
    let (a, b) = (loggamma(key_a, a, &dims, dtype), loggamma(key_b, b, &dims, dtype));
    let larger = a.maximum(b);
    let (a, b) = ((a - larger).exp(), (b - larger).exp());
    a / (a + b)
}
