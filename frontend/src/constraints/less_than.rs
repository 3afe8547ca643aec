//! Numbers below a bound.

use std::rc::Rc;

use super::{Bounds, Constraint, Support};
use crate::{
    tensor::Tensor,
    transforms::{Affine, Compose, Exp, Transform},
};

/// Numbers less than `high` (NumPyro's `constraints.less_than`); the bound broadcasts to the values.
#[track_caller]
pub fn less_than(high: impl Into<Tensor>) -> Support {
    Rc::new(LessThan { high: high.into(), closed: false })
}

/// Numbers not above `high` (NumPyro's `constraints.less_than_eq`); the bound broadcasts to the values.
#[track_caller]
pub fn less_than_eq(high: impl Into<Tensor>) -> Support {
    Rc::new(LessThan { high: high.into(), closed: true })
}

struct LessThan {
    high: Tensor,
    /// Whether the bound is one of the numbers.
    closed: bool,
}

impl Constraint for LessThan {
    fn describe(&self) -> String {
        if self.closed { "a number not above `high`".into() } else { "a number less than `high`".into() }
    }

    fn check(&self, value: Tensor) -> Tensor {
        if self.closed { value.less_equal(self.high) } else { value.less(self.high) }
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        // Below the bound and below zero, which may replace it, also where subtracting one is lost to rounding.
        let high = self.high.is_finite().select(self.high, 0.0);
        let below = high.minimum(0.0) * 2.0 - 1.0;
        below.convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] = [Rc::new(Exp), Rc::new(Affine::new(self.high, -1.0))];
        Some(Rc::new(Compose::new(parts)))
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: None, high: Some(self.high) })
    }
}
