//! The LKJ distribution of correlation matrices.

use pyroxene_ir::Dims;

use super::{
    Distribution, LKJCholesky, LKJMethod, Param,
    vectors::{last_dim, of_elements},
};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
};

/// Correlation matrices `M` with density proportional to `det(M)^(concentration − 1)` (NumPyro's `LKJ`). Models that need
/// the Cholesky factor take [`LKJCholesky`], which is cheaper.
#[derive(Clone, Copy, Debug)]
pub struct LKJ {
    factor: LKJCholesky,
}

impl LKJ {
    /// Matrices with `dimension` rows, at least two; the positive `concentration` is the batch.
    ///
    /// # Errors
    /// Recorded for fewer rows.
    #[track_caller]
    pub fn new(dimension: usize, concentration: impl Into<Tensor>) -> LKJ {
        LKJ { factor: LKJCholesky::new(dimension, concentration) }
    }

    /// The same, drawn by this method.
    pub fn sample_method(self, method: LKJMethod) -> LKJ {
        LKJ { factor: self.factor.sample_method(method) }
    }
}

impl Distribution for LKJ {
    fn name(&self) -> String {
        "LKJ".into()
    }

    fn params(&self) -> Vec<Param> {
        self.factor.params()
    }

    fn support(&self) -> Support {
        constraints::corr_matrix()
    }

    fn event_shape(&self) -> Dims {
        self.factor.event_shape()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let log_diagonal = value.cholesky().diagonal().log();
        // The first element is one: its logarithm is zero, and is here for the slope that NumPyro has.
        let first = log_diagonal.at((Ellipsis, 0)) * (last_dim(log_diagonal) as f64 - 1.0);
        self.factor.log_prob_of_matrix(log_diagonal.at((Ellipsis, 1..))) - first
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let factor = self.factor.sample(key, sample_shape)?;
        Some(factor.matmul(factor.matrix_transpose()))
    }

    fn mean(&self) -> Option<Tensor> {
        let n = self.event_shape().first().copied().unwrap_or_default();
        Some(of_elements(self, Tensor::eye(n).convert(self.dtype())))
    }
}
