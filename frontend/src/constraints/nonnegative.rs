//! Numbers not below zero.

use std::rc::Rc;

use super::{Bounds, Constraint, Support, filled_like};
use crate::{
    tensor::Tensor,
    transforms::{Exp, Transform},
};

/// Zero and the positive numbers (NumPyro's `constraints.nonnegative`).
pub fn nonnegative() -> Support {
    Rc::new(Nonnegative)
}

struct Nonnegative;

impl Constraint for Nonnegative {
    fn describe(&self) -> String {
        "a number not below 0".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.greater_equal(0.0)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        filled_like(prototype, 1.0)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(Exp))
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: Some(Tensor::from(0.0)), high: None })
    }
}
