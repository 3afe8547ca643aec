//! What the checks of matrices share.

use crate::{random::epsilon, tensor::Tensor};

/// Whether each matrix is lower triangular with a positive diagonal.
pub(super) fn is_lower_cholesky(x: Tensor) -> Tensor {
    x.tril(0).equal(x).all_rightmost(2) & x.diagonal().greater(0.0).all_axis(-1)
}

/// Whether each matrix equals its transpose, to NumPy's `isclose`.
pub(super) fn is_symmetric(x: Tensor) -> Tensor {
    let transposed = x.matrix_transpose();
    (x - transposed).abs().less_equal(transposed.abs() * 1e-5 + 1e-8).all_rightmost(2)
}

/// Whether each row has length one, to rounding.
pub(super) fn has_unit_rows(x: Tensor) -> Tensor {
    let n = x.dims().last().copied().unwrap_or_default() as f64;
    let error = (x.square().sum_axis(-1).sqrt() - 1.0).abs();
    error.less_equal(10.0 * n * epsilon(x.dtype())).all_axis(-1)
}

/// Whether each matrix has a Cholesky factor with positive diagonal.
pub(super) fn has_cholesky(x: Tensor) -> Tensor {
    x.cholesky().diagonal().greater(0.0).all_axis(-1)
}

/// The identity in the dimensions and the element type of `prototype`.
pub(super) fn eye_like(prototype: Tensor) -> Tensor {
    let dims = prototype.dims();
    let n = dims.last().copied().unwrap_or_default();
    Tensor::eye(n).convert(prototype.dtype()).broadcast_to(&dims)
}
