//! Bernoulli draws.

use super::{IntoShape, Key, arguments::Call, uniform};
use crate::tensor::Tensor;

/// Truth values, true with probability `p`, a float (`jax.random.bernoulli`, mode "low"). `p` broadcasts to `shape`;
/// `None` is the shape of `p`.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let coins = eval(|| random::bernoulli(Key::new(0), 0.5, &[10]))?;
/// assert_eq!(coins.dtype(), DType::Bool);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn bernoulli(key: Key, p: impl Into<Tensor>, shape: impl IntoShape) -> Tensor {
    let (call, p) = (Call::new("bernoulli"), p.into());
    let Some(dtype) = call.probability(p) else { return Tensor::POISON };
    match call.params(shape, dtype, [p]) {
        Some(([p], dims)) => uniform(key, &dims, dtype, 0.0, 1.0).less(p),
        None => Tensor::POISON,
    }
}
