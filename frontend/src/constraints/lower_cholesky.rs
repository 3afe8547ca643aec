//! Lower triangular matrices with positive diagonals.

use std::rc::Rc;

use super::{
    Constraint, Support,
    matrices::{eye_like, is_lower_cholesky},
};
use crate::{
    tensor::Tensor,
    transforms::{LowerCholesky, ScaledUnitLowerCholesky, SoftplusLowerCholesky, Transform},
};

/// Lower triangular matrices with positive diagonal (NumPyro's `constraints.lower_cholesky`).
pub fn lower_cholesky() -> Support {
    Rc::new(IsLowerCholesky { by: Rc::new(LowerCholesky) })
}

/// The same matrices, with softplus on the diagonal as their bijection (NumPyro's `constraints.softplus_lower_cholesky`).
pub fn softplus_lower_cholesky() -> Support {
    Rc::new(IsLowerCholesky { by: Rc::new(SoftplusLowerCholesky) })
}

/// The same matrices, with rows scaled by the diagonal in their bijection (NumPyro's
/// `constraints.scaled_unit_lower_cholesky`).
pub fn scaled_unit_lower_cholesky() -> Support {
    Rc::new(IsLowerCholesky { by: Rc::new(ScaledUnitLowerCholesky) })
}

struct IsLowerCholesky {
    by: Rc<dyn Transform>,
}

impl Constraint for IsLowerCholesky {
    fn describe(&self) -> String {
        "a lower triangular matrix with positive diagonal".into()
    }

    fn event_dim(&self) -> usize {
        2
    }

    fn check(&self, value: Tensor) -> Tensor {
        is_lower_cholesky(value)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        eye_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(self.by.clone())
    }
}
