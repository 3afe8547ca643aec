//! Pareto draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    exponential,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the Pareto distribution on [1, ∞) with density `b x^−(b+1)` (`jax.random.pareto`).
/// `b` broadcasts to `shape`; `None` is the shape of `b`.
#[track_caller]
pub fn pareto(key: Key, b: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, b) = (Call::new("pareto"), b.into());
    call.domain("b", b, &POSITIVE);
    match call.params(shape, dtype, [b]) {
        Some(([b], dims)) => (exponential(key, &dims, dtype) / b).exp(),
        None => Tensor::POISON,
    }
}
