//! Gradient descent.

use pyroxene_frontend::Tensor;

use super::{EachParameter, Schedule};

/// Stochastic gradient descent, `x − ηₜ g` (`numpyro.optim.SGD`).
///
/// ```
/// use pyroxene_inference::optim::Sgd;
/// let optimizer = Sgd::new(0.1);
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    step_size: Schedule,
}

impl Sgd {
    /// With a step size: a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> Sgd {
        Sgd { step_size: step_size.into() }
    }
}

impl EachParameter for Sgd {
    fn init_each(&self, _: Tensor) -> Vec<Tensor> {
        Vec::new()
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, _: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        (x - self.step_size.at_in(step, x.dtype()) * g, Vec::new())
    }
}
