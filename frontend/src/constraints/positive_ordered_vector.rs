//! Vectors of positive numbers that increase.

use std::rc::Rc;

use super::{
    Constraint, Support,
    ordered_vector::{counting_like, increases},
};
use crate::{
    tensor::Tensor,
    transforms::{Compose, Exp, Ordered, Transform},
};

/// Vectors of positive elements, each greater than the one before (NumPyro's `constraints.positive_ordered_vector`).
pub fn positive_ordered_vector() -> Support {
    Rc::new(PositiveOrderedVector)
}

struct PositiveOrderedVector;

impl Constraint for PositiveOrderedVector {
    fn describe(&self) -> String {
        "positive numbers each greater than the one before".into()
    }

    fn event_dim(&self) -> usize {
        1
    }

    fn check(&self, value: Tensor) -> Tensor {
        increases(value) & value.greater(0.0).all_axis(-1)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        counting_like(prototype) + 1.0
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] = [Rc::new(Ordered), Rc::new(Exp)];
        Some(Rc::new(Compose::new(parts)))
    }
}
