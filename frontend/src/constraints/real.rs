//! Real numbers.

use std::rc::Rc;

use super::{Bounds, Constraint, Support};
use crate::{
    tensor::Tensor,
    transforms::{Identity, Transform},
};

/// Finite numbers (NumPyro's `constraints.real`).
pub fn real() -> Support {
    Rc::new(Real)
}

struct Real;

impl Constraint for Real {
    fn describe(&self) -> String {
        "a finite number".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.is_finite()
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        Tensor::from(0.0).convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(Identity))
    }

    fn bounds(&self) -> Option<Bounds> {
        Some(Bounds { low: None, high: None })
    }
}
