//! Positive definite matrices onto their Cholesky factors.

use super::{Transform, counting_down, last_size};
use crate::tensor::Tensor;

/// `y = cholesky(x)` (NumPyro's `CholeskyTransform`). The log determinant is by the elements of the lower triangles.
#[derive(Clone, Copy, Debug)]
pub struct Cholesky;

/// `Σ (first − i) ln yᵢᵢ`.
pub(super) fn weighted_log_diagonal(y: Tensor, first: usize) -> Tensor {
    let times = counting_down(first, last_size(y), y.dtype());
    (times * y.diagonal().log()).sum_axis(-1)
}

impl Transform for Cholesky {
    fn domain_event_dim(&self) -> usize {
        2
    }

    fn codomain_event_dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor) -> Tensor {
        x.cholesky()
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        y.matmul(y.matrix_transpose())
    }

    fn log_abs_det_jacobian(&self, _x: Tensor, y: Tensor) -> Tensor {
        let n = last_size(y);
        -(n as f64) * std::f64::consts::LN_2 - weighted_log_diagonal(y, n)
    }
}
