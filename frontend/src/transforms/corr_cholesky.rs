//! Vectors onto the Cholesky factors of correlation matrices.

use pyroxene_ir::Dims;

use super::{Transform, is_whole, last_size, packed, with_last};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    random::tiny,
    tensor::{Tensor, triangular_root},
};

/// `n (n − 1) / 2` numbers to an `n × n` lower triangular matrix with positive diagonal and rows of length one (NumPyro's
/// `CorrCholeskyTransform`): row by row, each number's `tanh` is a share of what is left of the row's length.
///
/// What is left is computed as a product of `1 / cosh x`, with all digits where a share takes nearly everything, and is
/// never zero on the diagonal. The log determinant, by the elements below the diagonal, is the exact one throughout.
#[derive(Clone, Copy, Debug)]
pub struct CorrCholesky;

/// `1 / cosh x`.
fn sech(x: Tensor) -> Tensor {
    let e = (-x.abs()).exp();
    2.0 * e / (1.0 + e * e)
}

/// `ln(1 / cosh x)`.
pub(super) fn log_sech(x: Tensor) -> Tensor {
    let x = x.abs();
    std::f64::consts::LN_2 - x - (-2.0 * x).exp().log1p()
}

impl Transform for CorrCholesky {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor) -> Tensor {
        // Zeros take nothing: outside the triangle the product goes on unchanged.
        let x = x.vec_to_tril_matrix(-1);
        let left = sech(x).cumprod(-1);
        let one = Tensor::ones(&with_last(&left.dims(), |_| 1)).convert(x.dtype());
        let before = Tensor::concatenate_axis(&[one, left.at((Ellipsis, ..-1))], -1).maximum(tiny(x.dtype()));
        x.tanh().add_diag(1.0) * before
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        // A share's inverse hyperbolic tangent is the inverse hyperbolic sine of its ratio to what is left after it. That
        // is the length of what follows, from logarithms: squares underflow, and a difference from one loses its digits.
        let zero = y.equal(0.0);
        let log_square = zero.select(f64::NEG_INFINITY, 2.0 * zero.select(1.0, y).abs().log());
        let log_left = 0.5 * log_square.cumlogsumexp_reverse(-1);
        let after = log_left.roll(-1, -1).matrix_to_tril_vec(-1);
        (y.matrix_to_tril_vec(-1) / after.exp()).asinh()
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        // In row i, share j has the slope sech² and shrinks the i − j − 1 shares after it.
        let n = triangular_root(last_size(x)).saturating_add(1);
        let row = Tensor::arange(n).reshape(&[n, 1]);
        let times = (row - Tensor::arange(n) + 1).matrix_to_tril_vec(-1).convert(x.dtype());
        (times * log_sech(x)).sum_axis(-1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        packed::matrix_dims(dims, 1)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        packed::vector_dims(dims, 1)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::corr_cholesky)
    }
}
