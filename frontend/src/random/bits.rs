//! Random bits.

use pyroxene_ir::{DType, Loc, Ty, threefry};

use super::Key;
use crate::{tensor::Tensor, trace::build};

/// Random bits of element type `u32` or `u64` and dimensions `shape` (`jax.random.bits`).
#[track_caller]
pub fn bits(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    let ty = Ty::new(dtype, shape.iter().copied());
    build("bits", &[key.0], Loc::caller(), |g, v| threefry::bits(g, v[0], &ty))
}
