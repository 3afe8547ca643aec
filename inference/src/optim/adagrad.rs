//! Adagrad.

use pyroxene_frontend::Tensor;

use super::{
    EachParameter, Schedule,
    each::{inverse_root, slots},
    like,
};

/// Steps over the root of the sum of all squared gradients, with momentum (`numpyro.optim.Adagrad`; Duchi, Hazan and
/// Singer 2011).
///
/// ```
/// use pyroxene_inference::optim::Adagrad;
/// let optimizer = Adagrad::new(0.1).momentum(0.5);
/// ```
#[derive(Clone, Debug)]
pub struct Adagrad {
    step_size: Schedule,
    momentum: f64,
}

impl Adagrad {
    /// With a step size, a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> Adagrad {
        Adagrad { step_size: step_size.into(), momentum: 0.9 }
    }

    /// The share of the mean direction that stays at each step. Default 0.9.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Adagrad {
        self.momentum = momentum;
        self
    }
}

impl EachParameter for Adagrad {
    /// The sum of squared gradients, and the mean direction.
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        vec![like(0.0, x); 2]
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let [sum, mean] = slots(state, x);
        let sum = sum + g.square();
        let mean = (1.0 - self.momentum) * (g * inverse_root(sum)) + self.momentum * mean;
        (x - self.step_size.at_in(step, x.dtype()) * mean, vec![sum, mean])
    }
}
