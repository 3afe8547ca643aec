//! Positive numbers.

use std::rc::Rc;

use super::{Constraint, Support};
use crate::{
    tensor::Tensor,
    transforms::{Exp, Transform},
};

/// Finite or infinite numbers above zero (NumPyro's `constraints.positive`).
pub fn positive() -> Support {
    Rc::new(Positive)
}

struct Positive;

impl Constraint for Positive {
    fn describe(&self) -> String {
        "a positive number".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.greater(0.0)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        Tensor::from(1.0).convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(Exp))
    }
}
