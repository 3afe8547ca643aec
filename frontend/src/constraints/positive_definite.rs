//! Symmetric positive definite matrices.

use std::rc::Rc;

use super::{
    Constraint, Support,
    matrices::{eye_like, has_cholesky, is_symmetric},
};
use crate::{
    Ellipsis,
    tensor::Tensor,
    transforms::{Cholesky, Compose, Inverse, LowerCholesky, Transform},
};

/// Symmetric positive definite matrices, those with a Cholesky factor (NumPyro's `constraints.positive_definite`).
pub fn positive_definite() -> Support {
    Rc::new(PositiveDefinite { semi: false })
}

/// Symmetric matrices without negative eigenvalue (NumPyro's `constraints.positive_semidefinite`); the bijection is onto
/// those that are positive definite.
pub fn positive_semidefinite() -> Support {
    Rc::new(PositiveDefinite { semi: true })
}

struct PositiveDefinite {
    semi: bool,
}

impl Constraint for PositiveDefinite {
    fn describe(&self) -> String {
        let semi = if self.semi { "semi" } else { "" };
        format!("a symmetric positive {semi}definite matrix")
    }

    fn event_dim(&self) -> usize {
        2
    }

    fn check(&self, value: Tensor) -> Tensor {
        let definite = match self.semi {
            true => value.eigvalsh().at((Ellipsis, 0)).greater_equal(0.0),
            false => has_cholesky(value),
        };
        is_symmetric(value) & definite
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        eye_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] = [Rc::new(LowerCholesky), Rc::new(Inverse::new(Cholesky))];
        Some(Rc::new(Compose::new(parts)))
    }
}
