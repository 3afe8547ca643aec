//! The half-Cauchy distribution.

use super::{Distribution, Param, batched, cauchy::standard_log_prob, draw_dims};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// The absolute value of a Cauchy with median 0 and scale `scale` (NumPyro's `HalfCauchy`).
#[derive(Clone, Copy, Debug)]
pub struct HalfCauchy {
    scale: Tensor,
}

impl HalfCauchy {
    /// The absolute value of a Cauchy of scale `scale`, which is its median.
    #[track_caller]
    pub fn new(scale: impl Into<Tensor>) -> HalfCauchy {
        HalfCauchy { scale: scale.into() }
    }
}

impl Distribution for HalfCauchy {
    fn name(&self) -> String {
        "HalfCauchy".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("scale", self.scale, constraints::positive())]
    }

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        standard_log_prob(value / self.scale) - self.scale.log() + std::f64::consts::LN_2
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some((random::cauchy(key, &dims, self.dtype()) * self.scale).abs())
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, Tensor::from(f64::INFINITY).convert(self.dtype())))
    }

    fn variance(&self) -> Option<Tensor> {
        self.mean()
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some((value.maximum(0.0) / self.scale).atan() * std::f64::consts::FRAC_2_PI)
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        // From the nearer end, as the tangent near its pole is known from the distance to it alone.
        let upper = q.greater(0.5);
        let tan = (upper.select(1.0 - q, q) * std::f64::consts::FRAC_PI_2).tan();
        Some(self.scale * upper.select(1.0 / tan, tan))
    }
}
