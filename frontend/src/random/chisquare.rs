//! Chi-square draws, and F draws, which are ratios of them.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    loggamma,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the chi-square distribution with `df` degrees of freedom (`jax.random.chisquare`).
/// `df` broadcasts to `shape`; `None` is the shape of `df`.
#[track_caller]
pub fn chisquare(key: Key, df: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, df) = (Call::new("chisquare"), df.into());
    call.domain("df", df, &POSITIVE);
    match call.params(shape, dtype, [df]) {
        Some(([df], dims)) => loggamma(key, df / 2.0, &dims, dtype).exp() * 2.0,
        None => Tensor::POISON,
    }
}

/// Draws of float type `dtype` from the F distribution with `dfnum` and `dfden` degrees of freedom (`jax.random.f`). The
/// parameters broadcast to `shape`; `None` is the shape they broadcast to.
#[track_caller]
pub fn f(
    key: Key,
    dfnum: impl Into<Tensor>,
    dfden: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, dfnum, dfden) = (Call::new("f"), dfnum.into(), dfden.into());
    call.domain("dfnum", dfnum, &POSITIVE);
    call.domain("dfden", dfden, &POSITIVE);
    let Some(([dfnum, dfden], dims)) = call.params(shape, dtype, [dfnum, dfden]) else {
        return Tensor::POISON;
    };
    let [key_den, key_num] = key.split();
    let numerator = chisquare(key_num, dfnum, &dims, dtype) / dfnum;
    numerator / (chisquare(key_den, dfden, &dims, dtype) / dfden)
}
