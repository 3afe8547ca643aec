//! Shift and linear map by a lower triangular matrix.

use pyroxene_ir::Dims;

use super::{Transform, meet};
use crate::{
    Triangle,
    constraints::{self, Support},
    distributions::Param,
    tensor::Tensor,
};

/// `y = loc + scale_tril x` (NumPyro's `LowerCholeskyAffine`).
#[derive(Clone, Copy, Debug)]
pub struct LowerCholeskyAffine {
    loc: Tensor,
    scale_tril: Tensor,
}

impl LowerCholeskyAffine {
    /// The shift, `[.., n]`, and the lower triangular matrix with positive diagonal, `[.., n, n]`.
    #[track_caller]
    pub fn new(loc: impl Into<Tensor>, scale_tril: impl Into<Tensor>) -> LowerCholeskyAffine {
        LowerCholeskyAffine { loc: loc.into(), scale_tril: scale_tril.into() }
    }
}

impl Transform for LowerCholeskyAffine {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        1
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.loc + Tensor::einsum("...ij,...j->...i", &[self.scale_tril, x])
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        let shifted = (y - self.loc).expand_dims(-1);
        self.scale_tril.solve_triangular(shifted, Triangle::LOWER).squeeze(-1)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        let dims = x.dims();
        let log_det = self.scale_tril.tri_logabsdet();
        log_det.broadcast_to(&meet(&dims[..dims.len().saturating_sub(1)], &log_det.dims()))
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        let rows = self.scale_tril.dims();
        meet(&meet(dims, &self.loc.dims()), &rows[..rows.len().saturating_sub(1)])
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.forward_dims(dims)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        super::is_whole(domain).then(constraints::real_vector)
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("loc", self.loc, constraints::real_vector()),
            Param::new("scale_tril", self.scale_tril, constraints::lower_cholesky()),
        ]
    }
}
