//! Integers from a bound on.

use std::rc::Rc;

use super::{Constraint, Support};
use crate::{tensor::Tensor, transforms::Transform};

/// Integers not below `low`, which is included for all the name says, of any element type (NumPyro's
/// `constraints.integer_greater_than`); the bound broadcasts to the values.
#[track_caller]
pub fn integer_greater_than(low: impl Into<Tensor>) -> Support {
    Rc::new(IntegerGreaterThan { low: low.into(), words: "an integer not below `low`" })
}

/// The integers 0, 1, 2 and so on (NumPyro's `constraints.nonnegative_integer`).
pub fn nonnegative_integer() -> Support {
    Rc::new(IntegerGreaterThan { low: Tensor::from(0i64), words: "an integer not below 0" })
}

/// The integers 1, 2, 3 and so on (NumPyro's `constraints.positive_integer`).
pub fn positive_integer() -> Support {
    Rc::new(IntegerGreaterThan { low: Tensor::from(1i64), words: "an integer above 0" })
}

struct IntegerGreaterThan {
    low: Tensor,
    words: &'static str,
}

/// Whether a value is an integer.
pub(super) fn is_whole(value: Tensor) -> Tensor {
    if value.dtype().is_float() { value.floor().equal(value) } else { value.equal(value) }
}

impl Constraint for IntegerGreaterThan {
    fn describe(&self) -> String {
        self.words.into()
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.greater_equal(self.low) & is_whole(value)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        self.low.convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}
