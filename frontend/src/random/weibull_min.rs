//! Weibull draws.

use pyroxene_ir::DType;

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    uniform,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the Weibull distribution of minima, by its quantile function
/// (`jax.random.weibull_min`). The parameters broadcast to `shape`; `None` is the shape they broadcast to.
#[track_caller]
pub fn weibull_min(
    key: Key,
    scale: impl Into<Tensor>,
    concentration: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, scale, concentration) = (Call::new("weibull_min"), scale.into(), concentration.into());
    call.domain("scale", scale, &POSITIVE);
    call.domain("concentration", concentration, &POSITIVE);
    let Some(([scale, concentration], dims)) = call.params(shape, dtype, [scale, concentration]) else {
        return Tensor::POISON;
    };
    let u = uniform(key, &dims, dtype, 0.0, 1.0);
    (-(-u).log1p()).pow(1.0 / concentration) * scale
}
