//! Numbers above a bound.

use std::rc::Rc;

use super::{Bounds, Constraint, Support};
use crate::{
    tensor::Tensor,
    transforms::{Affine, Compose, Exp, Transform},
};

/// Numbers greater than `low` (NumPyro's `constraints.greater_than`); the bound broadcasts to the values.
#[track_caller]
pub fn greater_than(low: impl Into<Tensor>) -> Support {
    Rc::new(GreaterThan { low: low.into(), closed: false })
}

/// Numbers not below `low` (NumPyro's `constraints.greater_than_eq`); the bound broadcasts to the values.
#[track_caller]
pub fn greater_than_eq(low: impl Into<Tensor>) -> Support {
    Rc::new(GreaterThan { low: low.into(), closed: true })
}

struct GreaterThan {
    low: Tensor,
    /// Whether the bound is one of the numbers.
    closed: bool,
}

impl Constraint for GreaterThan {
    fn describe(&self) -> String {
        if self.closed { "a number not below `low`".into() } else { "a number greater than `low`".into() }
    }

    fn check(&self, value: Tensor) -> Tensor {
        if self.closed { value.greater_equal(self.low) } else { value.greater(self.low) }
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        // Where a mask is off the bound may be anything and may itself be replaced by zero: this is above both, also
        // where adding one is lost to rounding.
        let low = self.low.is_finite().select(self.low, 0.0);
        let above = low.maximum(0.0) * 2.0 + 1.0;
        above.convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] = [Rc::new(Exp), Rc::new(Affine::new(self.low, 1.0))];
        Some(Rc::new(Compose::new(parts)))
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: Some(self.low), high: None })
    }
}
