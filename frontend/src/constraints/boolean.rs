//! Truth values as numbers.

use std::rc::Rc;

use super::{Constraint, Support};
use crate::{tensor::Tensor, transforms::Transform};

/// 0 or 1, of any element type, or a truth value (NumPyro's `constraints.boolean`).
pub fn boolean() -> Support {
    Rc::new(Boolean)
}

struct Boolean;

impl Constraint for Boolean {
    fn describe(&self) -> String {
        "0 or 1".into()
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, value: Tensor) -> Tensor {
        value.equal(0i64) | value.equal(1i64)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        Tensor::from(0i64).convert(prototype.dtype()).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}
