//! Logistic draws.

use pyroxene_ir::DType;

use super::{Key, arguments::Call, uniform, uniform::tiny};
use crate::tensor::Tensor;

/// Standard logistic draws of float type `dtype` and dimensions `shape` (`jax.random.logistic`): the logit of a uniform.
#[track_caller]
pub fn logistic(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if Call::new("logistic").float(dtype).is_none() {
        return Tensor::POISON;
    }
    let u = uniform(key, shape, dtype, tiny(dtype), 1.0);
    u.log() - (-u).log1p()
}
