//! Vectors whose elements increase.

use std::rc::Rc;

use super::{Constraint, Support};
use crate::{
    Ellipsis,
    tensor::Tensor,
    transforms::{Ordered, Transform},
};

/// Vectors each of whose elements is greater than the one before (NumPyro's `constraints.ordered_vector`).
pub fn ordered_vector() -> Support {
    Rc::new(OrderedVector)
}

struct OrderedVector;

/// Whether each element is greater than the one before.
pub(super) fn increases(value: Tensor) -> Tensor {
    value.at((Ellipsis, 1..)).greater(value.at((Ellipsis, ..-1))).all_axis(-1)
}

/// 0, 1, … along the last dimension.
pub(super) fn counting_like(prototype: Tensor) -> Tensor {
    let n = prototype.dims().last().copied().unwrap_or_default();
    Tensor::arange(n).convert(prototype.dtype()).broadcast_to(&prototype.dims())
}

impl Constraint for OrderedVector {
    fn describe(&self) -> String {
        "numbers each greater than the one before".into()
    }

    fn event_dim(&self) -> usize {
        1
    }

    fn check(&self, value: Tensor) -> Tensor {
        increases(value)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        counting_like(prototype)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(Ordered))
    }
}
