//! The uniform distribution on integers.

use super::{
    Distribution, Param, as_number, batched, draw_dims, parameters::reals, spread, uniform::together,
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// The integers from `low` to `high`, each with the same probability (NumPyro's `DiscreteUniform`).
#[derive(Clone, Copy, Debug)]
pub struct DiscreteUniform {
    low: Tensor,
    high: Tensor,
}

impl DiscreteUniform {
    /// From `low` to `high`, both included; they broadcast.
    #[track_caller]
    pub fn new(low: impl Into<Tensor>, high: impl Into<Tensor>) -> DiscreteUniform {
        let [low, high] = together([low.into(), high.into()]);
        DiscreteUniform { low, high }
    }

    /// The bounds as floats, and how many integers they hold.
    fn numbers(&self) -> [Tensor; 3] {
        let [low, high] = reals([self.low, self.high]);
        [low, high, high - low + 1.0]
    }
}

impl Distribution for DiscreteUniform {
    fn name(&self) -> String {
        "DiscreteUniform".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("low", self.low, constraints::real()),
            Param::new("high", self.high, constraints::greater_than_eq(self.low)),
        ]
    }

    fn support(&self) -> Support {
        constraints::integer_interval(self.low, self.high)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let [_, _, count] = self.numbers();
        spread(-count.log(), &value.dims())
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (dims, dtype) = (draw_dims(self, sample_shape), self.dtype());
        let [low, high] = [self.low, self.high].map(|bound| bound.convert(dtype));
        Some(random::randint(key, &dims, low, high + 1i64, dtype))
    }

    fn mean(&self) -> Option<Tensor> {
        let [low, high, _] = self.numbers();
        Some(batched(self, low + (high - low) * 0.5))
    }

    fn variance(&self) -> Option<Tensor> {
        let [_, _, count] = self.numbers();
        Some(batched(self, (count.square() - 1.0) / 12.0))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let [low, _, count] = self.numbers();
        Some(((as_number(value, low.dtype()).floor() + 1.0 - low) / count).clamp(0.0, 1.0))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        let [low, _, count] = self.numbers();
        Some(low + q * count - 1.0)
    }
}
