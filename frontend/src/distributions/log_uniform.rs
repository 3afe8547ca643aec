//! The log-uniform distribution.

use std::rc::Rc;

use super::{
    Distribution, TransformedDistribution, Uniform, batched,
    parameters::{described, parameters},
    stirling::log_ratio,
    uniform::together,
};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    transforms::Exp,
};

parameters! {
    /// The exponential of a uniform from `ln low` to `ln high` (NumPyro's `LogUniform`).
    LogUniform
    /// Between the positive numbers `low` and `high`, which broadcast.
    (low: positive, high: positive)
}

impl LogUniform {
    fn base(&self) -> Uniform {
        Uniform::new(self.low.log(), self.high.log())
    }
}

impl Distribution for LogUniform {
    described!(LogUniform);

    fn support(&self) -> Support {
        let [low, high] = together([self.low, self.high]);
        constraints::interval(low, high)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        -value.log() - log_ratio(self.high, self.low).log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(self.base().sample(key, sample_shape)?.exp())
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        Some(TransformedDistribution::new(self.base(), [Rc::new(Exp) as _]))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, (self.high - self.low) / log_ratio(self.high, self.low)))
    }

    fn variance(&self) -> Option<Tensor> {
        let square = 0.5 * (self.high - self.low) * (self.high + self.low) / log_ratio(self.high, self.low);
        Some(square - self.mean()?.square())
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        self.base().cdf(value.maximum(0.0).log())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.base().icdf(q)?.exp())
    }
}
