//! Angles.

use std::{f64::consts::PI, rc::Rc};

use super::{Bounds, Constraint, Support, interval};
use crate::{tensor::Tensor, transforms::Transform};

/// Angles from −π to π (NumPyro's `constraints.circular`).
pub fn circular() -> Support {
    Rc::new(Circular { between: interval(-PI, PI) })
}

struct Circular {
    between: Support,
}

impl Constraint for Circular {
    fn describe(&self) -> String {
        "an angle from −π to π".into()
    }

    fn check(&self, value: Tensor) -> Tensor {
        self.between.check(value)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        self.between.feasible_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        self.between.bijector()
    }

    fn bounds(&self) -> Option<Bounds> {
        self.between.bounds()
    }
}
