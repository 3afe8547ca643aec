//! The Cauchy distribution.

use std::rc::Rc;

use super::{Distribution, Param, batched, draw_dims};
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

    fn with_params(&self, values: &[Tensor]) -> Option<Rc<dyn Distribution>> {
        let [loc, scale] = *values else { return None };
        Some(Rc::new(Cauchy { loc, scale }))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, Tensor::from(f64::NAN).convert(self.dtype())))
    }

    fn variance(&self) -> Option<Tensor> {
        self.mean()
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        // The angle of (−z, 1), which keeps the digits of small probabilities that `1/2 + atan z / π` loses.
        let z = (value - self.loc) / self.scale;
        Some(Tensor::from(1.0).atan2(-z) * std::f64::consts::FRAC_1_PI)
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.loc + self.scale * standard_icdf(q))
    }
}

/// The log density of the standard Cauchy distribution, `−ln π − ln(1 + z²)`.
pub(super) fn standard_log_prob(z: Tensor) -> Tensor {
    -z.log1p_square() - std::f64::consts::PI.ln()
}

/// The quantiles of the standard Cauchy distribution, from the nearest of their pole below, their zero and their pole
/// above: `π` times the distance to it keeps its digits.
fn standard_icdf(q: Tensor) -> Tensor {
    let (centred, upper) = (q - 0.5, q.greater(0.5));
    let middle = centred.abs().less(0.25);
    let tan = (middle.select(centred, upper.select(1.0 - q, q)) * std::f64::consts::PI).tan();
    middle.select(tan, upper.select(1.0 / tan, -1.0 / tan))
}
