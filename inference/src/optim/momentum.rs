//! Gradient descent with momentum.

use pyroxene_frontend::Tensor;

use super::{EachParameter, Schedule, each::slots, like};

/// Gradient descent along a decaying sum of gradients, `v ← μ v + g`, `x − ηₜ v` (`numpyro.optim.Momentum`).
///
/// ```
/// use pyroxene_inference::optim::Momentum;
/// let optimizer = Momentum::new(0.1, 0.9);
/// ```
#[derive(Clone, Debug)]
pub struct Momentum {
    step_size: Schedule,
    mass: f64,
}

impl Momentum {
    /// With a step size, a number or a [`Schedule`], and the share `mass` of the velocity that stays at each step.
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>, mass: f64) -> Momentum {
        Momentum { step_size: step_size.into(), mass }
    }
}

impl EachParameter for Momentum {
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        vec![like(0.0, x)]
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let [velocity] = slots(state, x);
        let velocity = self.mass * velocity + g;
        (x - self.step_size.at_in(step, x.dtype()) * velocity, vec![velocity])
    }
}
