//! Events whose elements satisfy one constraint each.

use std::rc::Rc;

use super::{Bounds, Constraint, Support, real};
use crate::{
    tensor::Tensor,
    transforms::{self, Transform},
};

/// Values that span `n` more dimensions than `base`'s, all of whose elements satisfy it (NumPyro's
/// `constraints.independent`).
pub fn independent(base: Support, n: usize) -> Support {
    if n == 0 { base } else { Rc::new(Independent { base, n }) }
}

/// Vectors of finite numbers (NumPyro's `constraints.real_vector`).
pub fn real_vector() -> Support {
    independent(real(), 1)
}

/// Matrices of finite numbers (NumPyro's `constraints.real_matrix`).
pub fn real_matrix() -> Support {
    independent(real(), 2)
}

struct Independent {
    base: Support,
    n: usize,
}

impl Constraint for Independent {
    fn describe(&self) -> String {
        format!("in every element {}", self.base.describe())
    }

    fn event_dim(&self) -> usize {
        self.base.event_dim() + self.n
    }

    fn is_discrete(&self) -> bool {
        self.base.is_discrete()
    }

    fn check(&self, value: Tensor) -> Tensor {
        self.base.check(value).all_rightmost(self.n)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        self.base.feasible_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let base = self.base.bijector()?;
        Some(Rc::new(transforms::Independent::new(base, self.n)))
    }

    fn bounds(&self) -> Option<Bounds> {
        self.base.bounds()
    }
}
