//! Maxwell draws, of one sign and of both.

use pyroxene_ir::{DType, Dims};

use super::{
    Key,
    arguments::{Call, POSITIVE},
    normal, rademacher,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` and dimensions `shape` from the Maxwell distribution of scale 1 (`jax.random.maxwell`):
/// the length of three normals.
#[track_caller]
pub fn maxwell(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("maxwell").float(dtype).is_none() {
        return Tensor::POISON;
    }
    normal(key, &[shape, &[3]].concat(), dtype).square().sum_axis(-1).sqrt()
}

/// Maxwell draws of float type `dtype` with random signs, times `scale`, about `loc` (`jax.random.double_sided_maxwell`).
/// The dimensions are `shape` followed by those that `loc` and `scale` broadcast to. (JAX has the latter twice where
/// `shape` is empty.)
#[track_caller]
pub fn double_sided_maxwell(
    key: Key,
    loc: impl Into<Tensor>,
    scale: impl Into<Tensor>,
    shape: &[usize],
    dtype: DType,
) -> Tensor {
    let (call, loc, scale) = (Call::new("double_sided_maxwell"), loc.into(), scale.into());
    call.domain("scale", scale, &POSITIVE);
    let Some(([loc, scale], params)) = call.params(None, dtype, [loc, scale]) else { return Tensor::POISON };
    let dims: Dims = shape.iter().chain(&params).copied().collect();
    let [size, sign] = key.split();
    rademacher(sign, &dims, dtype) * maxwell(size, &dims, dtype) * scale + loc
}
