//! Counts with a given sum.

use std::rc::Rc;

use super::{Constraint, Support};
use crate::{tensor::Tensor, transforms::Transform};

/// Vectors of numbers not below zero that sum to `total` (NumPyro's `constraints.multinomial`), which broadcasts with the
/// batch.
#[track_caller]
pub fn multinomial(total: impl Into<Tensor>) -> Support {
    Rc::new(Multinomial { total: total.into() })
}

struct Multinomial {
    total: Tensor,
}

impl Constraint for Multinomial {
    fn describe(&self) -> String {
        "counts that sum to `total_count`".into()
    }

    fn event_dim(&self) -> usize {
        1
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, value: Tensor) -> Tensor {
        let whole = value.equal(value.floor()) & value.greater_equal(0i64);
        whole.all_axis(-1) & value.sum_axis(-1).equal(self.total)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        let n = prototype.dims().last().copied().unwrap_or_default();
        let first = Tensor::arange(n).equal(0i64);
        let total = self.total.expand_dims(-1).convert(prototype.dtype());
        first.select(total, Tensor::from(0i64).convert(prototype.dtype())).broadcast_to(&prototype.dims())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}
