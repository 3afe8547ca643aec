//! Integers between two bounds.

use std::rc::Rc;

use super::{Constraint, Support, integer_greater_than::is_whole};
use crate::{tensor::Tensor, transforms::Transform};

/// Integers from `low` to `high`, both included, of any element type (NumPyro's `constraints.integer_interval`); the bounds
/// broadcast to the values.
#[track_caller]
pub fn integer_interval(low: impl Into<Tensor>, high: impl Into<Tensor>) -> Support {
    Rc::new(IntegerInterval { low: low.into(), high: high.into() })
}

struct IntegerInterval {
    low: Tensor,
    high: Tensor,
}

impl Constraint for IntegerInterval {
    fn describe(&self) -> String {
        "an integer from `low` to `high`".into()
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.greater_equal(self.low) & value.less_equal(self.high) & is_whole(value)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        self.low.convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}
