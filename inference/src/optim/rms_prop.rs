//! RMSProp.

use pyroxene_frontend::Tensor;

use super::{EachParameter, Schedule, each::slots, like};

/// Steps over the root of a running mean of squared gradients (`numpyro.optim.RMSProp`; Tieleman and Hinton 2012).
///
/// ```
/// use pyroxene_inference::optim::RmsProp;
/// let optimizer = RmsProp::new(1e-2).gamma(0.95);
/// ```
#[derive(Clone, Debug)]
pub struct RmsProp {
    step_size: Schedule,
    gamma: f64,
    eps: f64,
}

impl RmsProp {
    /// With a step size, a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> RmsProp {
        RmsProp { step_size: step_size.into(), gamma: 0.9, eps: 1e-8 }
    }

    /// The share of the mean squared gradient that stays at each step. Default 0.9.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> RmsProp {
        self.gamma = gamma;
        self
    }

    /// What is added under the root that steps are divided by. Default 1e-8.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> RmsProp {
        self.eps = eps;
        self
    }

    /// The next mean squared gradient, and the step.
    pub(super) fn scaled(&self, step: Tensor, g: Tensor, mean_square: Tensor) -> (Tensor, Tensor) {
        let mean_square = mean_square * self.gamma + g.square() * (1.0 - self.gamma);
        let step_size = self.step_size.at_in(step, g.dtype());
        (mean_square, step_size * g / (mean_square + self.eps).sqrt())
    }
}

impl EachParameter for RmsProp {
    /// The mean squared gradient.
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        vec![like(0.0, x)]
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let [mean_square] = slots(state, x);
        let (mean_square, by) = self.scaled(step, g, mean_square);
        (x - by, vec![mean_square])
    }
}
