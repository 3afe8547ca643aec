//! The Gaussian random walk.

use pyroxene_ir::{Dims, Loc};

use super::{
    Distribution, Normal, Param,
    parameters::reals,
    vectors::{of_elements, whole_dims},
};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// Running sums of independent normal numbers of standard deviation `scale`, the first of which counts from zero (NumPyro's
/// `GaussianRandomWalk`).
#[derive(Clone, Copy, Debug)]
pub struct GaussianRandomWalk {
    scale: Tensor,
    num_steps: usize,
}

impl GaussianRandomWalk {
    /// The standard deviation of a step, and how many there are, at least one.
    ///
    /// # Errors
    /// Recorded when there is no step.
    #[track_caller]
    pub fn new(scale: impl Into<Tensor>, num_steps: usize) -> GaussianRandomWalk {
        let [scale] = reals([scale.into()]);
        if num_steps == 0 {
            let (found, help) = ("GaussianRandomWalk: no steps".into(), "give a number of steps".into());
            fail(ErrorKind::Usage { found, help }, Loc::caller());
        }
        GaussianRandomWalk { scale, num_steps: num_steps.max(1) }
    }
}

impl Distribution for GaussianRandomWalk {
    fn name(&self) -> String {
        "GaussianRandomWalk".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("scale", self.scale, constraints::positive())]
    }

    fn support(&self) -> Support {
        constraints::real_vector()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[self.num_steps])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let steps = Tensor::concatenate_axis(&[value.at((Ellipsis, ..1)), value.diff(-1)], -1);
        Normal::new(0.0, self.scale.expand_dims(-1)).log_prob(steps).sum_axis(-1)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let steps = random::normal(key, &whole_dims(self, sample_shape), self.dtype());
        Some(steps.cumsum(-1) * self.scale.expand_dims(-1))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(of_elements(self, Tensor::from(0.0).convert(self.dtype())))
    }

    fn variance(&self) -> Option<Tensor> {
        let steps = (Tensor::arange(self.num_steps) + 1).convert(self.dtype());
        Some(of_elements(self, self.scale.square().expand_dims(-1) * steps))
    }
}
