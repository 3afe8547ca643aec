//! The Weibull distribution.

use super::{
    Distribution, batched, draw_dims,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Weibull: `(x / scale)^concentration` is a standard exponential (NumPyro's `Weibull`).
    Weibull
    /// Scale `scale` first, then shape `concentration`; they broadcast.
    (scale: positive, concentration: positive)
}

impl Weibull {
    fn raw_moment(&self, order: f64) -> Tensor {
        self.scale.powi(order as i32) * (1.0 + order / self.concentration).lgamma().exp()
    }
}

impl Distribution for Weibull {
    described!(Weibull);

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // Of the ratio, not of each part: the logarithms of large values and scales cancel.
        let ratio = value / self.scale;
        let log = ratio.log();
        self.concentration.log() - self.scale.log() + (self.concentration - 1.0) * log
            - (self.concentration * log).exp()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::weibull_min(key, self.scale, self.concentration, &dims, self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.raw_moment(1.0)))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.raw_moment(2.0) - self.raw_moment(1.0).square()))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(-(-(value.maximum(0.0) / self.scale).pow(self.concentration)).expm1())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.scale * (-(-q).log1p()).pow(1.0 / self.concentration))
    }
}
