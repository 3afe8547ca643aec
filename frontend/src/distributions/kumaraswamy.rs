//! The Kumaraswamy distribution.

use super::{
    Distribution, batched, draw_dims, greatest_below_one, least_positive,
    parameters::{described, parameters},
    stirling::log_beta,
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Kumaraswamy: `1 − (1 − xᵃ)ᵇ` is its distribution function, for `a = concentration1`, `b = concentration0` (NumPyro's
    /// `Kumaraswamy`).
    Kumaraswamy
    /// The exponents of `x` and of `1 − xᵃ`; they broadcast.
    (concentration1: positive, concentration0: positive)
}

impl Kumaraswamy {
    fn raw_moment(&self, order: f64) -> Tensor {
        let (a, b) = (self.concentration1, self.concentration0);
        b * log_beta(1.0 + order / a, b).exp()
    }
}

impl Distribution for Kumaraswamy {
    described!(Kumaraswamy);

    fn support(&self) -> Support {
        constraints::unit_interval()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let (a, b) = (self.concentration1, self.concentration0);
        // ln(1 − xᵃ) from ln x: near x = 1, xᵃ has rounded the distance away.
        let inside = value.greater(0.0) & value.less(1.0);
        let log_rest = inside.select(
            (a * inside.select(value, 0.5).log()).log1mexp(),
            value.equal(1.0).select(f64::NEG_INFINITY, 0.0),
        );
        let end = b.equal(1.0).select(0.0, (b - 1.0) * log_rest);
        a.log() + b.log() + (a - 1.0).xlogy(value) + end
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (dims, dtype) = (draw_dims(self, sample_shape), self.dtype());
        let (least, greatest) = (least_positive(dtype), greatest_below_one(dtype));
        let u = random::uniform(key, &dims, dtype, least, 1.0);
        let power = u.pow(1.0 / self.concentration0).minimum(greatest);
        Some(((-power).log1p() / self.concentration1).exp().clamp(least, greatest))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.raw_moment(1.0)))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.raw_moment(2.0) - self.raw_moment(1.0).square()))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let power = value.clamp(0.0, 1.0).pow(self.concentration1);
        Some(-(self.concentration0 * (-power).log1p()).expm1())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some((-((-q).log1p() / self.concentration0).expm1()).pow(1.0 / self.concentration1))
    }
}
