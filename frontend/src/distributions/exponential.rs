//! The exponential distribution.

use super::{Distribution, Param, draw_dims};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Exponential with rate `rate`, so with mean 1 / `rate` (NumPyro's `Exponential`).
#[derive(Clone, Copy, Debug)]
pub struct Exponential {
    rate: Tensor,
}

impl Exponential {
    /// Rate `rate`, the inverse of the mean.
    #[track_caller]
    pub fn new(rate: impl Into<Tensor>) -> Exponential {
        Exponential { rate: rate.into() }
    }
}

impl Distribution for Exponential {
    fn name(&self) -> String {
        "Exponential".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("rate", self.rate, constraints::positive())]
    }

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        self.rate.log() - self.rate * value
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::exponential(key, &dims, self.dtype()) / self.rate)
    }

    fn mean(&self) -> Option<Tensor> {
        Some(1.0 / self.rate)
    }

    fn variance(&self) -> Option<Tensor> {
        Some(1.0 / self.rate / self.rate)
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(-(-self.rate * value.maximum(0.0)).expm1())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(-(-q).log1p() / self.rate)
    }
}
