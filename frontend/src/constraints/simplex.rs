//! Probabilities of several outcomes.

use std::rc::Rc;

use super::{Constraint, Support, filled_like};
use crate::{
    tensor::Tensor,
    transforms::{StickBreaking, Transform},
};

/// Vectors of numbers not below zero whose sum is one to 1e-6 (NumPyro's `constraints.simplex`).
pub fn simplex() -> Support {
    Rc::new(Simplex)
}

struct Simplex;

impl Constraint for Simplex {
    fn describe(&self) -> String {
        "numbers not below 0 that sum to 1".into()
    }

    fn event_dim(&self) -> usize {
        1
    }

    fn check(&self, value: Tensor) -> Tensor {
        let sum = value.sum_axis(-1);
        value.greater_equal(0.0).all_axis(-1) & sum.less(1.0 + 1e-6) & sum.greater(1.0 - 1e-6)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        let n = prototype.dims().last().copied().unwrap_or(1).max(1);
        filled_like(prototype, 1.0 / n as f64)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(StickBreaking))
    }
}
