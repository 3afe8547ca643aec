//! Numbers other than zero: what a factor must be.

use std::rc::Rc;

use super::{Constraint, Support, filled_like};
use crate::{tensor::Tensor, transforms::Transform};

/// Finite numbers other than zero.
pub(crate) fn nonzero() -> Support {
    Rc::new(Nonzero)
}

struct Nonzero;

impl Constraint for Nonzero {
    fn describe(&self) -> String {
        "a finite number other than 0".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.is_finite() & value.not_equal(0.0)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        filled_like(prototype, 1.0)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}
