//! The Pareto distribution.

use std::rc::Rc;

use super::{
    Distribution, Exponential, TransformedDistribution, batched,
    parameters::{described, parameters},
    stirling::log_ratio,
};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    transforms::{Affine, Exp, Transform},
};

parameters! {
    /// Pareto: above `scale`, with density proportional to `x^−(alpha + 1)` (NumPyro's `Pareto`).
    Pareto
    /// Least value `scale` first, then the tail's exponent `alpha`; they broadcast.
    (scale: positive, alpha: positive)
}

impl Distribution for Pareto {
    described!(Pareto);

    fn support(&self) -> Support {
        constraints::greater_than(self.scale)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        self.alpha.log() - value.log() - self.alpha * log_ratio(value, self.scale)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let alpha = batched(self, self.alpha);
        Some(self.scale * Exponential::new(alpha).sample(key, sample_shape)?.exp())
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        let base = Exponential::new(batched(self, self.alpha));
        let transforms: [Rc<dyn Transform>; 2] = [Rc::new(Exp), Rc::new(Affine::new(0.0, self.scale))];
        Some(TransformedDistribution::new(base, transforms))
    }

    fn mean(&self) -> Option<Tensor> {
        let finite = self.alpha.greater(1.0);
        let above = finite.select(self.alpha, 2.0);
        Some(batched(self, finite.select(self.scale * (above / (above - 1.0)), f64::INFINITY)))
    }

    fn variance(&self) -> Option<Tensor> {
        let finite = self.alpha.greater(2.0);
        let above = finite.select(self.alpha, 3.0);
        let variance = (self.scale / (above - 1.0)).square() * (above / (above - 2.0));
        Some(batched(self, finite.select(variance, f64::INFINITY)))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(-(-self.alpha * log_ratio(value.maximum(self.scale), self.scale)).expm1())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.scale * (-(-q).log1p() / self.alpha).exp())
    }
}
