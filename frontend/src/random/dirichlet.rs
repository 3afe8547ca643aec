//! Dirichlet draws.

use pyroxene_ir::{DType, Dims};

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    loggamma,
};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from the Dirichlet distribution with concentrations `alpha`, `[.., n]`
/// (`jax.random.dirichlet`): gamma draws over their sum, from their logarithms.
///
/// The dimensions are `shape` followed by `n`; the batch of `alpha` broadcasts to `shape`, and `None` is that batch.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| random::dirichlet(Key::new(0), [1.0, 2.0, 3.0], &[5], DType::F64).sum_axis(-1))?;
/// assert!(x.to_f64_vec().iter().all(|sum| (sum - 1.0).abs() < 1e-12));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn dirichlet(key: Key, alpha: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, alpha) = (Call::new("dirichlet"), alpha.into());
    call.domain("alpha", alpha, &POSITIVE);
    if call.float(dtype).is_none() || alpha.is_poison() {
        return Tensor::POISON;
    }
    let dims = alpha.dims();
    let Some((n, batch)) = dims.split_last() else {
        call.fail("concentrations of shape []", "give a vector, or a batch of vectors");
        return Tensor::POISON;
    };
    let Some(batch) = call.shape_of(shape, &[batch]) else { return Tensor::POISON };
    let dims: Dims = batch.iter().chain([n]).copied().collect();
    loggamma(key, alpha, &dims, dtype).softmax(-1)
}
