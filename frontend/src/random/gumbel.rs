//! Gumbel draws.

use pyroxene_ir::DType;

use super::{Key, arguments::Call, uniform, uniform::tiny};
use crate::tensor::Tensor;

/// Standard Gumbel draws of float type `dtype` and dimensions `shape` (`jax.random.gumbel`, mode "low"): −ln(−ln u).
/// The largest single-precision draw is about 16.
#[track_caller]
pub fn gumbel(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("gumbel").float(dtype).is_none() {
        return Tensor::POISON;
    }
    -(-uniform(key, shape, dtype, tiny(dtype), 1.0).log()).log()
}
