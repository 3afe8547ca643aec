//! Wald (inverse Gaussian) draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    normal, uniform,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the Wald distribution with mean `mean` and shape parameter 1 (`jax.random.wald`), by
/// Michael, Schucany and Haas (1976). `mean` broadcasts to `shape`; `None` is the shape of `mean`.
#[track_caller]
pub fn wald(key: Key, mean: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, mean) = (Call::new("wald"), mean.into());
    call.domain("mean", mean, &POSITIVE);
    let Some(([mean], dims)) = call.params(shape, dtype, [mean]) else { return Tensor::POISON };
    let [first, second] = key.split();
    let y = normal(first, &dims, dtype).square();
    let z = uniform(second, &dims, dtype, 0.0, 1.0);
    let square = mean.square();
    let root = (mean * 4.0 * y + square * y.square()).sqrt();
    let x = mean + square * y / 2.0 - mean / 2.0 * root;
    z.less_equal(mean / (mean + x)).select(x, square / x)
}
