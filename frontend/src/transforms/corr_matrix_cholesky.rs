//! Correlation matrices onto their Cholesky factors.

use super::{Cholesky, Transform, cholesky::weighted_log_diagonal, last_size};
use crate::tensor::Tensor;

/// `y = cholesky(x)` for correlation matrices (NumPyro's `CorrMatrixCholeskyTransform`). The log determinant is by the
/// elements below the diagonals.
#[derive(Clone, Copy, Debug)]
pub struct CorrMatrixCholesky;

impl Transform for CorrMatrixCholesky {
    fn domain_event_dim(&self) -> usize {
        2
    }

    fn codomain_event_dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor) -> Tensor {
        Cholesky.forward(x)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        Cholesky.inverse(y)
    }

    fn log_abs_det_jacobian(&self, _x: Tensor, y: Tensor) -> Tensor {
        let n = last_size(y);
        -weighted_log_diagonal(y, n.saturating_sub(1))
    }
}
