//! Cholesky factors of correlation matrices.

use std::rc::Rc;

use super::{
    Constraint, Support,
    matrices::{eye_like, has_unit_rows, is_lower_cholesky},
};
use crate::{
    tensor::Tensor,
    transforms::{CorrCholesky, Transform},
};

/// Lower triangular matrices with positive diagonal and rows of length one (NumPyro's `constraints.corr_cholesky`).
pub fn corr_cholesky() -> Support {
    Rc::new(IsCorrCholesky)
}

struct IsCorrCholesky;

impl Constraint for IsCorrCholesky {
    fn describe(&self) -> String {
        "a lower triangular matrix with positive diagonal and rows of length 1".into()
    }

    fn event_dim(&self) -> usize {
        2
    }

    fn check(&self, value: Tensor) -> Tensor {
        is_lower_cholesky(value) & has_unit_rows(value)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        eye_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(CorrCholesky))
    }
}
