//! Vectors onto lower triangular matrices with positive diagonals, by the exponential.

use pyroxene_ir::Dims;

use super::{Transform, is_whole, packed};
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
};

/// `n (n + 1) / 2` numbers, the strict lower triangle row by row and then the logarithms of the diagonal, to an `n × n`
/// lower triangular matrix (NumPyro's `LowerCholeskyTransform`).
#[derive(Clone, Copy, Debug)]
pub struct LowerCholesky;

impl Transform for LowerCholesky {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor) -> Tensor {
        packed::unpack(x).map_or(Tensor::POISON, |(below, diagonal)| below.add_diag(diagonal.exp()))
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        packed::pack(y, y.diagonal().log())
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        packed::diagonal(x).sum_axis(-1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        packed::matrix_dims(dims, 0)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        packed::vector_dims(dims, 0)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::lower_cholesky)
    }
}
