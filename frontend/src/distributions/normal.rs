//! The normal distribution.

use std::rc::Rc;

use pyroxene_ir::Dims;

use super::{Distribution, Param, batched, draw_dims};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Normal with mean `loc` and standard deviation `scale` (NumPyro's `Normal`).
#[derive(Clone, Copy, Debug)]
pub struct Normal {
    loc: Tensor,
    scale: Tensor,
}

impl Normal {
    /// Mean `loc`, standard deviation `scale`; they broadcast.
    #[track_caller]
    pub fn new(loc: impl Into<Tensor>, scale: impl Into<Tensor>) -> Normal {
        Normal { loc: loc.into(), scale: scale.into() }
    }
}

impl Distribution for Normal {
    fn name(&self) -> String {
        "Normal".into()
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
        let z = (value - self.loc) / self.scale;
        z * z * -0.5 - self.scale.log() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims: Dims = draw_dims(self, sample_shape);
        Some(self.loc + random::normal(key, &dims, self.dtype()) * self.scale)
    }

    fn with_params(&self, values: &[Tensor]) -> Option<Rc<dyn Distribution>> {
        let [loc, scale] = *values else { return None };
        Some(Rc::new(Normal { loc, scale }))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.loc))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.scale.square()))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(((value - self.loc) / self.scale).ndtr())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.loc + self.scale * q.ndtri())
    }
}
