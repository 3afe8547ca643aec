//! Uniform and Bernoulli draws.

use pyroxene_ir::{DType, Loc, Ty, threefry};

use super::Key;
use crate::{tensor::Tensor, trace::build};

/// Draws of float type `dtype`, uniform on [`low`, `high`) (`jax.random.uniform`).
#[track_caller]
pub fn uniform(
    key: Key,
    dims: &[usize],
    dtype: DType,
    low: impl Into<Tensor>,
    high: impl Into<Tensor>,
) -> Tensor {
    let (low, high) = (low.into().convert(dtype), high.into().convert(dtype));
    let ty = Ty::new(dtype, dims.iter().copied());
    let unit = build("uniform", &[key.0], Loc::caller(), |g, v| threefry::unit_uniform(g, v[0], &ty));
    (unit * (high - low) + low).maximum(low)
}

/// Truth values, true with probability `probs` (`jax.random.bernoulli`).
#[track_caller]
pub fn bernoulli(key: Key, dims: &[usize], probs: impl Into<Tensor>) -> Tensor {
    let probs = probs.into();
    uniform(key, dims, probs.dtype(), 0.0, 1.0).less(probs)
}
