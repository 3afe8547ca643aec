//! Multivariate normal draws.

use pyroxene_ir::{DType, Dims};

use super::{IntoShape, Key, arguments::Call, normal};
use crate::tensor::Tensor;

/// Draws of float type `dtype` from normal distributions of vectors with mean `mean`, `[.., n]`, and covariance `cov`,
/// `[.., n, n]`, by its Cholesky factor (`jax.random.multivariate_normal`, method "cholesky"). Of a `cov` that is not
/// symmetric the mean with its transpose is taken; where it is not positive definite, draws are NaN.
///
/// The dimensions are `shape` followed by `n`; the batches of `mean` and `cov` broadcast to `shape`, and `None` is the
/// shape they broadcast to.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cov = Array::new([2, 2], vec![1.0, 0.9, 0.9, 1.0])?;
/// let x = eval(|| random::multivariate_normal(Key::new(0), [0.0, 5.0], cov, &[100], DType::F64))?;
/// assert_eq!(x.dims(), [100, 2]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn multivariate_normal(
    key: Key,
    mean: impl Into<Tensor>,
    cov: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, mean, cov) = (Call::new("multivariate_normal"), mean.into(), cov.into());
    if call.float(dtype).is_none() || mean.is_poison() || cov.is_poison() {
        return Tensor::POISON;
    }
    let (mean, cov) = (mean.convert(dtype), cov.convert(dtype));
    let (mean_dims, cov_dims) = (mean.dims(), cov.dims());
    let (Some((n, mean_batch)), [cov_batch @ .., rows, columns]) = (mean_dims.split_last(), &cov_dims[..])
    else {
        call.fail(
            format_args!(
                "a mean of shape {:?} and a covariance of shape {:?}",
                &mean_dims[..],
                &cov_dims[..]
            ),
            "give a vector and a matrix, or batches of them",
        );
        return Tensor::POISON;
    };
    if n != rows || n != columns {
        call.fail(
            format_args!(
                "a covariance of shape {:?} for a mean of shape {:?}",
                &cov_dims[..],
                &mean_dims[..]
            ),
            &format!("its last sizes must be {n} and {n}"),
        );
        return Tensor::POISON;
    }
    let Some(batch) = call.shape_of(shape, &[mean_batch, cov_batch]) else { return Tensor::POISON };
    let dims: Dims = batch.iter().chain([n]).copied().collect();
    mean + Tensor::einsum("...ij,...j->...i", &[cov.cholesky(), normal(key, &dims, dtype)])
}
