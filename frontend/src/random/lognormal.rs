//! Log-normal draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, NOT_NEGATIVE},
    normal,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` whose logarithm is normal with mean 0 and standard deviation `sigma`
/// (`jax.random.lognormal`). `sigma` broadcasts to `shape`; `None` is the shape of `sigma`.
#[track_caller]
pub fn lognormal(key: Key, sigma: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, sigma) = (Call::new("lognormal"), sigma.into());
    call.domain("sigma", sigma, &NOT_NEGATIVE);
    match call.params(shape, dtype, [sigma]) {
        Some(([sigma], dims)) => (normal(key, &dims, dtype) * sigma).exp(),
        None => Tensor::POISON,
    }
}
