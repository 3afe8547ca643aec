//! RMSProp with momentum.

use pyroxene_frontend::Tensor;

use super::{EachParameter, RmsProp, Schedule, each::slots, like};

/// [`RmsProp`] along a decaying sum of its steps (`numpyro.optim.RMSPropMomentum`).
///
/// ```
/// use pyroxene_inference::optim::RmsPropMomentum;
/// let optimizer = RmsPropMomentum::new(1e-3).momentum(0.5);
/// ```
#[derive(Clone, Debug)]
pub struct RmsPropMomentum {
    rms_prop: RmsProp,
    momentum: f64,
}

impl RmsPropMomentum {
    /// With a step size, a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> RmsPropMomentum {
        RmsPropMomentum { rms_prop: RmsProp::new(step_size), momentum: 0.9 }
    }

    /// The share of the sum of steps that stays at each step. Default 0.9.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> RmsPropMomentum {
        self.momentum = momentum;
        self
    }

    /// The share of the mean squared gradient that stays at each step. Default 0.9.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> RmsPropMomentum {
        self.rms_prop = self.rms_prop.gamma(gamma);
        self
    }

    /// What is added under the root that steps are divided by. Default 1e-8.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> RmsPropMomentum {
        self.rms_prop = self.rms_prop.eps(eps);
        self
    }
}

impl EachParameter for RmsPropMomentum {
    /// The mean squared gradient, and the sum of steps.
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        vec![like(0.0, x); 2]
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let [mean_square, sum] = slots(state, x);
        let (mean_square, by) = self.rms_prop.scaled(step, g, mean_square);
        let sum = self.momentum * sum + by;
        (x - sum, vec![mean_square, sum])
    }
}
