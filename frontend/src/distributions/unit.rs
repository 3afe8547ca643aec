//! The distribution of nothing, with a density: what `factor` is made of.

use pyroxene_ir::Dims;

use super::{Distribution, Param, draw_dims, spread};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
};

/// Empty values (event shape `[0]`) with log density `log_factor` (NumPyro's `Unit`).
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    log_factor: Tensor,
}

impl Unit {
    /// The log density `log_factor`, whose dimensions are the batch.
    #[track_caller]
    pub fn new(log_factor: impl Into<Tensor>) -> Unit {
        Unit { log_factor: log_factor.into() }
    }
}

impl Distribution for Unit {
    fn name(&self) -> String {
        "Unit".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("log_factor", self.log_factor, constraints::real())]
    }

    fn support(&self) -> Support {
        constraints::independent(constraints::real(), 1)
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[0])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let dims = value.dims();
        spread(self.log_factor, &dims[..dims.len().saturating_sub(1)])
    }

    fn sample(&self, _key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let mut dims = draw_dims(self, sample_shape);
        dims.push(0);
        Some(Tensor::from(0.0).convert(self.dtype()).broadcast_to(&dims))
    }
}
