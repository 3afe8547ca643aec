//! Vectors onto lower triangular matrices with positive diagonals, by softplus.

use pyroxene_ir::Dims;

use super::{Transform, is_whole, packed, softplus::inverse_softplus};
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
};

/// As [`LowerCholesky`](super::LowerCholesky), with softplus instead of the exponential on the diagonal (NumPyro's
/// `SoftplusLowerCholeskyTransform`).
#[derive(Clone, Copy, Debug)]
pub struct SoftplusLowerCholesky;

impl Transform for SoftplusLowerCholesky {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor) -> Tensor {
        packed::unpack(x).map_or(Tensor::POISON, |(below, diagonal)| below.add_diag(diagonal.softplus()))
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        packed::pack(y, inverse_softplus(y.diagonal()))
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        packed::diagonal(x).log_sigmoid().sum_axis(-1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        packed::matrix_dims(dims, 0)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        packed::vector_dims(dims, 0)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::softplus_lower_cholesky)
    }
}
