//! Rayleigh draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    uniform,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the Rayleigh distribution, the length of two normals of standard deviation `scale`
/// (`jax.random.rayleigh`). `scale` broadcasts to `shape`; `None` is the shape of `scale`.
#[track_caller]
pub fn rayleigh(key: Key, scale: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, scale) = (Call::new("rayleigh"), scale.into());
    call.domain("scale", scale, &POSITIVE);
    match call.params(shape, dtype, [scale]) {
        Some(([scale], dims)) => scale * (uniform(key, &dims, dtype, 0.0, 1.0).log() * -2.0).sqrt(),
        None => Tensor::POISON,
    }
}
