//! Geometric draws.

use pyroxene_ir::DType;

use super::{IntoShape, Key, arguments::Call, uniform};
use crate::tensor::Tensor;

/// The number of trials up to the first success, each of probability `p`, a float: draws of integer type `dtype`, from 1
/// up (`jax.random.geometric`). `p` broadcasts to `shape`; `None` is the shape of `p`.
#[track_caller]
pub fn geometric(key: Key, p: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, p) = (Call::new("geometric"), p.into());
    let (Some(float), Some(())) = (call.probability(p), call.integer(dtype)) else { return Tensor::POISON };
    let Some(([p], dims)) = call.params(shape, float, [p]) else { return Tensor::POISON };
    let u = uniform(key, &dims, float, 0.0, 1.0);
    // The logarithm of zero would be infinite.
    let u = u.equal(0.0).select(1.0, u);
    ((u.log() / (-p).log1p()).floor() + 1.0).convert(dtype)
}
