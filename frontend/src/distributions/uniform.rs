//! The uniform distribution.

use pyroxene_ir::shape;

use super::{Distribution, Param, draw_dims, spread};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Uniform from `low` to `high` (NumPyro's `Uniform`).
#[derive(Clone, Copy, Debug)]
pub struct Uniform {
    low: Tensor,
    high: Tensor,
}

impl Uniform {
    /// From `low` to `high`, which broadcast.
    #[track_caller]
    pub fn new(low: impl Into<Tensor>, high: impl Into<Tensor>) -> Uniform {
        let [low, high] = together([low.into(), high.into()]);
        Uniform { low, high }
    }
}

impl Distribution for Uniform {
    fn name(&self) -> String {
        "Uniform".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("low", self.low, constraints::real()),
            Param::new("high", self.high, constraints::greater_than(self.low)),
        ]
    }

    fn support(&self) -> Support {
        constraints::interval(self.low, self.high)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        spread(-(self.high - self.low).log(), &value.dims())
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::uniform(key, &dims, self.dtype(), self.low, self.high))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(self.low + (self.high - self.low) * 0.5)
    }

    fn variance(&self) -> Option<Tensor> {
        Some((self.high - self.low).square() / 12.0)
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.low + q * (self.high - self.low))
    }
}

/// Bounds with equal dimensions, as a constraint compares them element by element; those that do not broadcast stay.
#[track_caller]
pub(super) fn together(bounds: [Tensor; 2]) -> [Tensor; 2] {
    match shape::broadcast(&bounds[0].dims(), &bounds[1].dims()) {
        Some(dims) => bounds.map(|bound| bound.broadcast_to(&dims)),
        None => bounds,
    }
}
