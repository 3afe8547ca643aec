//! Student's t draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    gamma, normal,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from Student's t distribution with `df` degrees of freedom (`jax.random.t`). `df`
/// broadcasts to `shape`; `None` is the shape of `df`.
#[track_caller]
pub fn t(key: Key, df: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, df) = (Call::new("t"), df.into());
    call.domain("df", df, &POSITIVE);
    let Some(([df], dims)) = call.params(shape, dtype, [df]) else { return Tensor::POISON };
    let [for_normal, for_gamma] = key.split();
    let half = df / 2.0;
    normal(for_normal, &dims, dtype) * (half / gamma(for_gamma, half, &dims, dtype)).sqrt()
}
