//! Generalized normal draws, and points of balls, which are made of them.

use pyroxene_ir::{DType, Dims};

use super::{
    Key,
    arguments::{Call, POSITIVE},
    exponential, gamma, rademacher,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` and dimensions `shape` with density proportional to `e^−|x|ᵖ`
/// (`jax.random.generalized_normal`). `p` broadcasts to `shape`.
#[track_caller]
pub fn generalized_normal(key: Key, p: impl Into<Tensor>, shape: &[usize], dtype: DType) -> Tensor {
    let (call, p) = (Call::new("generalized_normal"), p.into());
    call.domain("p", p, &POSITIVE);
    let Some(([p], dims)) = call.params(shape, dtype, [p]) else { return Tensor::POISON };
    let [size, sign] = key.split();
    let root = 1.0 / p;
    rademacher(sign, &dims, dtype) * gamma(size, root, &dims, dtype).pow(root)
}

/// Points of float type `dtype`, uniform in the unit ball of dimension `d` under the `p`-norm, `p` a scalar
/// (`jax.random.ball`), by Barthe, Guédon, Mendelson and Naor (2005). The dimensions are `shape` followed by `d`.
#[track_caller]
pub fn ball(key: Key, d: usize, p: impl Into<Tensor>, shape: &[usize], dtype: DType) -> Tensor {
    let (call, p) = (Call::new("ball"), p.into());
    call.domain("p", p, &POSITIVE);
    let Some(([p], _)) = call.params(&[], dtype, [p]) else { return Tensor::POISON };
    let dims: Dims = shape.iter().copied().chain([d]).collect();
    let [inside, radius] = key.split();
    let x = generalized_normal(inside, p, &dims, dtype);
    let power = x.abs().pow(p).sum_axis(-1) + exponential(radius, shape, dtype);
    let norm: Dims = shape.iter().copied().chain([1]).collect();
    x / power.pow(1.0 / p).reshape(&norm)
}
