//! Numbers from zero to one.

use std::rc::Rc;

use super::{Bounds, Constraint, Support};
use crate::{
    tensor::Tensor,
    transforms::{Sigmoid, Transform},
};

/// Numbers from 0 to 1, both included (NumPyro's `constraints.unit_interval`).
pub fn unit_interval() -> Support {
    Rc::new(UnitInterval)
}

struct UnitInterval;

impl Constraint for UnitInterval {
    fn describe(&self) -> String {
        "a number from 0 to 1".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.greater_equal(0.0) & value.less_equal(1.0)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        Tensor::from(0.5).convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(Sigmoid))
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: Some(Tensor::from(0.0)), high: Some(Tensor::from(1.0)) })
    }
}
