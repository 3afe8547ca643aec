//! The log-normal distribution.

use std::rc::Rc;

use super::{
    Distribution, Normal, TransformedDistribution, batched,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    transforms::Exp,
};

parameters! {
    /// The exponential of a normal with mean `loc` and standard deviation `scale` (NumPyro's `LogNormal`).
    LogNormal
    /// The exponential of a normal with mean `loc` and standard deviation `scale`; they broadcast.
    (loc: real, scale: positive)
}

impl LogNormal {
    fn base(&self) -> Normal {
        Normal::new(self.loc, self.scale)
    }
}

impl Distribution for LogNormal {
    described!(LogNormal);

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let log = value.log();
        self.base().log_prob(log) - log
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(self.base().sample(key, sample_shape)?.exp())
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        Some(TransformedDistribution::new(self.base(), [Rc::new(Exp) as _]))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, (self.loc + self.scale.square() * 0.5).exp()))
    }

    fn variance(&self) -> Option<Tensor> {
        let square = self.scale.square();
        Some(batched(self, square.expm1() * (self.loc * 2.0 + square).exp()))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        self.base().cdf(value.maximum(0.0).log())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.base().icdf(q)?.exp())
    }
}
