//! Numbers between two bounds.

use std::rc::Rc;

use super::{Bounds, Constraint, Support};
use crate::{
    tensor::Tensor,
    transforms::{Affine, Compose, Sigmoid, Transform},
};

/// Numbers from `low` to `high`, both included (NumPyro's `constraints.interval`); the bounds broadcast to the values.
#[track_caller]
pub fn interval(low: impl Into<Tensor>, high: impl Into<Tensor>) -> Support {
    Rc::new(Interval { low: low.into(), high: high.into(), closed: true })
}

/// Numbers between `low` and `high`, neither included (NumPyro's `constraints.open_interval`); the bounds broadcast to the
/// values.
#[track_caller]
pub fn open_interval(low: impl Into<Tensor>, high: impl Into<Tensor>) -> Support {
    Rc::new(Interval { low: low.into(), high: high.into(), closed: false })
}

struct Interval {
    low: Tensor,
    high: Tensor,
    /// Whether the bounds are among the numbers.
    closed: bool,
}

impl Constraint for Interval {
    fn describe(&self) -> String {
        if self.closed {
            "a number from `low` to `high`".into()
        } else {
            "a number between `low` and `high`".into()
        }
    }

    fn check(&self, value: Tensor) -> Tensor {
        if self.closed {
            value.greater_equal(self.low) & value.less_equal(self.high)
        } else {
            value.greater(self.low) & value.less(self.high)
        }
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        ((self.low + self.high) * 0.5).convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] =
            [Rc::new(Sigmoid), Rc::new(Affine::new(self.low, self.high - self.low))];
        Some(Rc::new(Compose::new(parts)))
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: Some(self.low), high: Some(self.high) })
    }
}
