//! The inverse gamma distribution.

use std::rc::Rc;

use super::{
    Distribution, Gamma, TransformedDistribution, as_number, batched,
    gamma::log_density,
    parameters::{described, parameters},
    quantiles::{self, Tail},
};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    transforms::Power,
};

parameters! {
    /// The inverse of a gamma with shape `concentration` and rate `rate` (NumPyro's `InverseGamma`).
    InverseGamma
    /// The inverse of a gamma with shape `concentration` and rate `rate`, which is a scale here; they broadcast.
    (concentration: positive, rate: positive)
}

impl Distribution for InverseGamma {
    described!(InverseGamma);

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        log_density(self.concentration, self.rate / value, self.rate.log() - value.log()) - value.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(1.0 / Gamma::new(self.concentration, self.rate).sample(key, sample_shape)?)
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        let base = Gamma::new(self.concentration, self.rate);
        Some(TransformedDistribution::new(base, [Rc::new(Power::new(-1.0)) as _]))
    }

    fn mean(&self) -> Option<Tensor> {
        let finite = self.concentration.greater(1.0);
        let above = finite.select(self.concentration, 2.0);
        Some(batched(self, finite.select(self.rate / (above - 1.0), f64::INFINITY)))
    }

    fn variance(&self) -> Option<Tensor> {
        let finite = self.concentration.greater(2.0);
        let above = finite.select(self.concentration, 3.0);
        let variance = (self.rate / (above - 1.0)).square() / (above - 2.0);
        Some(batched(self, finite.select(variance, f64::INFINITY)))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(self.concentration.gammaincc(self.rate / value.maximum(0.0)))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.rate / quantiles::gamma(self.concentration, as_number(q, self.dtype()), Tail::Upper))
    }
}
