//! Vectors onto lower triangular matrices whose rows are scaled by their diagonals.

use pyroxene_ir::Dims;

use super::{Transform, is_whole, last_size, packed, softplus::inverse_softplus};
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
};

/// `n (n + 1) / 2` numbers, the strict lower triangle row by row and then what softplus makes the diagonal, to the lower
/// triangular matrix `diag(d) U`, where `U` has ones on its diagonal (NumPyro's `ScaledUnitLowerCholeskyTransform`).
#[derive(Clone, Copy, Debug)]
pub struct ScaledUnitLowerCholesky;

impl Transform for ScaledUnitLowerCholesky {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor) -> Tensor {
        packed::unpack(x).map_or(Tensor::POISON, |(below, diagonal)| {
            below.add_diag(1.0) * diagonal.softplus().expand_dims(-1)
        })
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        let diagonal = y.diagonal();
        packed::pack(y / diagonal.expand_dims(-1), inverse_softplus(diagonal))
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        // Row i has i elements below the diagonal, each stretched by the scale.
        let diagonal = packed::diagonal(x);
        let row = Tensor::arange(last_size(diagonal)).convert(x.dtype());
        (diagonal.softplus().log() * row + diagonal.log_sigmoid()).sum_axis(-1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        packed::matrix_dims(dims, 0)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        packed::vector_dims(dims, 0)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::scaled_unit_lower_cholesky)
    }
}
