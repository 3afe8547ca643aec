//! The soft Laplace distribution.

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
    /// Hyperbolic secant: smooth at `loc`, with the tails of a Laplace of scale `scale` (NumPyro's `SoftLaplace`).
    SoftLaplace
    /// Mean `loc`, scale `scale` of the tails; they broadcast.
    (loc: real, scale: positive)
}

impl Distribution for SoftLaplace {
    described!(SoftLaplace);

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let z = (value - self.loc) / self.scale;
        std::f64::consts::FRAC_2_PI.ln() - self.scale.log() - z.logaddexp(-z)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (dims, dtype) = (draw_dims(self, sample_shape), self.dtype());
        self.icdf(random::uniform(key, &dims, dtype, super::least_positive(dtype), 1.0))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.loc))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, (self.scale * std::f64::consts::FRAC_PI_2).square()))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(((value - self.loc) / self.scale).exp().atan() * std::f64::consts::FRAC_2_PI)
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some((q * std::f64::consts::FRAC_PI_2).tan().log() * self.scale + self.loc)
    }
}
