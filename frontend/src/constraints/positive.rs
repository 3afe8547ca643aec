//! Positive numbers.

use std::rc::Rc;

use super::{Bounds, Constraint, Support, filled_like};
use crate::{
    tensor::Tensor,
    transforms::{Exp, Softplus, Transform},
};

/// Finite or infinite numbers above zero (NumPyro's `constraints.positive`).
pub fn positive() -> Support {
    Rc::new(Positive { by: Rc::new(Exp) })
}

/// The same numbers, with softplus as their bijection (NumPyro's `constraints.softplus_positive`).
pub fn softplus_positive() -> Support {
    Rc::new(Positive { by: Rc::new(Softplus) })
}

struct Positive {
    by: Rc<dyn Transform>,
}

impl Constraint for Positive {
    fn describe(&self) -> String {
        "a positive number".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.greater(0.0)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        filled_like(prototype, 1.0)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(self.by.clone())
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: Some(Tensor::from(0.0)), high: None })
    }
}
