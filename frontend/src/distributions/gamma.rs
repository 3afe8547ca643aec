//! The gamma distribution.

use super::{
    Distribution, as_number, batched, draw_dims,
    parameters::{described, parameters},
    quantiles::{self, Tail},
    stirling::{deviance, factorial_rest},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Gamma with shape `concentration` and rate `rate`, so with mean `concentration / rate` (NumPyro's `Gamma`).
    Gamma
    /// Shape `concentration` and rate `rate`, the inverse of the scale; they broadcast.
    (concentration: positive, rate: positive)
}

impl Distribution for Gamma {
    described!(Gamma);

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        log_density(self.concentration, self.rate * value, self.rate.log() + value.log()) - value.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::gamma(key, self.concentration, &dims, self.dtype()) / self.rate)
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.concentration / self.rate))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.concentration / self.rate / self.rate))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(self.concentration.gammainc(self.rate * value.maximum(0.0)))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(quantiles::gamma(self.concentration, as_number(q, self.dtype()), Tail::Lower) / self.rate)
    }
}

/// The log density of the logarithm of a standard gamma of shape `a` where it is `log_x`: a Poisson mass of mean `x` at
/// `a`, times `a`, so that large terms of large shapes cancel before they are rounded.
pub(super) fn log_density(a: Tensor, x: Tensor, log_x: Tensor) -> Tensor {
    a.log() - deviance(a, x, log_x) - factorial_rest(a)
}
