//! The half-normal distribution.

use super::{Distribution, Param, draw_dims};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// The absolute value of a normal with mean 0 and standard deviation `scale` (NumPyro's `HalfNormal`).
#[derive(Clone, Copy, Debug)]
pub struct HalfNormal {
    scale: Tensor,
}

impl HalfNormal {
    /// The absolute value of a normal with standard deviation `scale`.
    #[track_caller]
    pub fn new(scale: impl Into<Tensor>) -> HalfNormal {
        HalfNormal { scale: scale.into() }
    }
}

impl Distribution for HalfNormal {
    fn name(&self) -> String {
        "HalfNormal".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("scale", self.scale, constraints::positive())]
    }

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let z = value / self.scale;
        z * z * -0.5 - self.scale.log() + 0.5 * std::f64::consts::FRAC_2_PI.ln()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some((random::normal(key, &dims, self.dtype()) * self.scale).abs())
    }

    fn mean(&self) -> Option<Tensor> {
        Some(self.scale * std::f64::consts::FRAC_2_PI.sqrt())
    }

    fn variance(&self) -> Option<Tensor> {
        Some(self.scale.square() * (1.0 - std::f64::consts::FRAC_2_PI))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        // Not `2 Φ − 1`, which loses the digits of small values.
        Some((value.maximum(0.0) / self.scale * std::f64::consts::FRAC_1_SQRT_2).erf())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.scale * q.erf_inv() * std::f64::consts::SQRT_2)
    }
}
