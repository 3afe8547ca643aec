//! Vectors of length one.

use std::rc::Rc;

use super::{Constraint, Support, filled_like};
use crate::{random::epsilon, tensor::Tensor, transforms::Transform};

/// Vectors of Euclidean length one, to rounding (NumPyro's `constraints.sphere`). There is no bijection onto them.
pub fn sphere() -> Support {
    Rc::new(Sphere)
}

struct Sphere;

impl Constraint for Sphere {
    fn describe(&self) -> String {
        "a vector of length 1".into()
    }

    fn event_dim(&self) -> usize {
        1
    }

    fn check(&self, value: Tensor) -> Tensor {
        let n = value.dims().last().copied().unwrap_or_default() as f64;
        let error = (value.square().sum_axis(-1).sqrt() - 1.0).abs();
        error.less(10.0 * epsilon(value.dtype()) * n.sqrt())
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        let n = prototype.dims().last().copied().unwrap_or(1).max(1);
        filled_like(prototype, 1.0 / (n as f64).sqrt())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}
