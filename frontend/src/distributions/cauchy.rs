//! The Cauchy distribution.

use super::{Distribution, Param, draw_dims};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Cauchy with median `loc` and half width `scale` at half the peak (NumPyro's `Cauchy`).
#[derive(Clone, Copy, Debug)]
pub struct Cauchy {
    loc: Tensor,
    scale: Tensor,
}

impl Cauchy {
    /// Median `loc`, scale `scale`; they broadcast.
    #[track_caller]
    pub fn new(loc: impl Into<Tensor>, scale: impl Into<Tensor>) -> Cauchy {
        Cauchy { loc: loc.into(), scale: scale.into() }
    }
}

impl Distribution for Cauchy {
    fn name(&self) -> String {
        "Cauchy".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("loc", self.loc, constraints::real()),
            Param::new("scale", self.scale, constraints::positive()),
        ]
    }

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        standard_log_prob((value - self.loc) / self.scale) - self.scale.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(self.loc + random::cauchy(key, &dims, self.dtype()) * self.scale)
    }
}

/// The log density of the standard Cauchy distribution, `−ln π − ln(1 + z²)`, also where `z²` overflows.
pub(super) fn standard_log_prob(z: Tensor) -> Tensor {
    // With m = max(|z|, 1): 1 + z² = m² (1 + r²) for r = 1/|z| beyond one, and m = 1, r = |z| within.
    let z = z.abs();
    let m = z.maximum(1.0);
    let r = z.minimum(1.0) / m;
    m.log() * -2.0 - (r * r).log1p() - std::f64::consts::PI.ln()
}
