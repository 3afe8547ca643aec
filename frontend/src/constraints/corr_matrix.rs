//! Correlation matrices.

use std::rc::Rc;

use super::{
    Constraint, Support,
    matrices::{eye_like, has_cholesky, is_symmetric},
};
use crate::{
    tensor::Tensor,
    transforms::{Compose, CorrCholesky, CorrMatrixCholesky, Inverse, Transform},
};

/// Symmetric positive definite matrices with ones on the diagonal, to 1e-6 (NumPyro's `constraints.corr_matrix`).
pub fn corr_matrix() -> Support {
    Rc::new(CorrMatrix)
}

struct CorrMatrix;

impl Constraint for CorrMatrix {
    fn describe(&self) -> String {
        "a correlation matrix".into()
    }

    fn event_dim(&self) -> usize {
        2
    }

    fn check(&self, value: Tensor) -> Tensor {
        let unit = (value.diagonal() - 1.0).abs().less(1e-6).all_axis(-1);
        is_symmetric(value) & has_cholesky(value) & unit
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        eye_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] =
            [Rc::new(CorrCholesky), Rc::new(Inverse::new(CorrMatrixCholesky))];
        Some(Rc::new(Compose::new(parts)))
    }
}
