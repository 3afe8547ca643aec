//! Tensors whose sums along some dimensions are zero.

use std::rc::Rc;

use super::{Constraint, Support, filled_like};
use crate::{
    keepdims,
    random::epsilon,
    tensor::Tensor,
    transforms::{Transform, ZeroSum},
};

/// Tensors whose sums along each of the `n` rightmost dimensions are zero, to rounding (NumPyro's `constraints.zero_sum`).
pub fn zero_sum(n: usize) -> Support {
    Rc::new(SumsToZero { n })
}

struct SumsToZero {
    n: usize,
}

impl Constraint for SumsToZero {
    fn describe(&self) -> String {
        "numbers that sum to 0".into()
    }

    fn event_dim(&self) -> usize {
        self.n
    }

    fn check(&self, value: Tensor) -> Tensor {
        let axes: Vec<isize> = (1..=self.n as isize).map(|k| -k).collect();
        let scale = value.abs().max_axis(keepdims(&axes[..])).maximum(1.0);
        let mut holds = Tensor::from(true);
        for axis in &axes {
            let within = scale * (10.0 * epsilon(value.dtype()) * value.dim(*axis) as f64);
            let sum = value.sum_axis(keepdims(*axis));
            holds = holds & sum.abs().less_equal(within).all_rightmost(self.n);
        }
        holds
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        filled_like(prototype, 0.0)
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(ZeroSum::new(self.n)))
    }
}
