//! Random signs.

use pyroxene_ir::DType;

use super::{Key, arguments::Call, bernoulli};
use crate::tensor::Tensor;

/// −1 or 1 with equal probability, of float or signed integer type `dtype` and dimensions `shape`
/// (`jax.random.rademacher`).
#[track_caller]
pub fn rademacher(key: Key, shape: &[usize], dtype: DType) -> Tensor {
    if !dtype.is_float() && !matches!(dtype, DType::I32 | DType::I64) {
        let call = Call::new("rademacher");
        call.fail(format_args!("draws of element type {dtype}"), "ask for f32, f64, i32 or i64");
        return Tensor::POISON;
    }
    let one = Tensor::from(1.0).convert(dtype);
    bernoulli(key, 0.5, shape).select(one, -one)
}
