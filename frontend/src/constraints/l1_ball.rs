//! Vectors whose absolute values sum to at most one.

use std::rc::Rc;

use super::{Constraint, Support, filled_like};
use crate::{
    random::epsilon,
    tensor::Tensor,
    transforms::{L1Ball, Transform},
};

/// Vectors whose absolute values sum to at most one, to rounding (NumPyro's `constraints.l1_ball`).
pub fn l1_ball() -> Support {
    Rc::new(InL1Ball)
}

struct InL1Ball;

impl Constraint for InL1Ball {
    fn describe(&self) -> String {
        "numbers whose absolute values sum to at most 1".into()
    }

    fn event_dim(&self) -> usize {
        1
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.abs().sum_axis(-1).less(1.0 + 10.0 * epsilon(value.dtype()))
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        filled_like(prototype, 0.0)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(L1Ball))
    }
}
