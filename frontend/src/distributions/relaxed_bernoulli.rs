//! The relaxed Bernoulli distribution.

use std::rc::Rc;

use super::{
    Distribution, Logistic, TransformedDistribution, greatest_below_one, least_positive,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    transforms::Sigmoid,
};

parameters! {
    /// The logistic function of a logistic variable, near zero or one at low temperatures (NumPyro's
    /// `RelaxedBernoulliLogits`; Maddison et al. 2017).
    RelaxedBernoulliLogits
    /// Temperature `temperature` first, then the log odds `logits` of what it relaxes; they broadcast.
    (temperature: positive, logits: real)
}

impl RelaxedBernoulliLogits {
    fn base(&self) -> Logistic {
        Logistic::new(self.logits / self.temperature, 1.0 / self.temperature)
    }

    /// The logistic variable, standardised.
    fn standard(&self, value: Tensor) -> Tensor {
        value.logit() * self.temperature - self.logits
    }
}

impl Distribution for RelaxedBernoulliLogits {
    described!(RelaxedBernoulliLogits);

    fn support(&self) -> Support {
        constraints::unit_interval()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let z = self.standard(value);
        z.log_sigmoid() + (-z).log_sigmoid() + self.temperature.log() - value.log() - (-value).log1p()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let base = self.base();
        let (least, greatest) = (least_positive(self.dtype()), greatest_below_one(self.dtype()));
        Some(base.sample(key, sample_shape)?.logistic().clamp(least, greatest))
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        Some(TransformedDistribution::new(self.base(), [Rc::new(Sigmoid) as _]))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(self.standard(value.clamp(0.0, 1.0)).logistic())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(((q.logit() + self.logits) / self.temperature).logistic())
    }
}
