//! Adam.

use pyroxene_frontend::Tensor;

use super::{EachParameter, Schedule, each::slots, like};

/// Steps along running means of the gradient, over the root of those of its square, both corrected for their start at
/// zero (`numpyro.optim.Adam`; Kingma and Ba 2015).
///
/// ```
/// use pyroxene_inference::optim::Adam;
/// let optimizer = Adam::new(1e-3).b1(0.95);
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    step_size: Schedule,
    b1: f64,
    b2: f64,
    eps: f64,
}

impl Adam {
    /// With a step size, a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> Adam {
        Adam { step_size: step_size.into(), b1: 0.9, b2: 0.999, eps: 1e-8 }
    }

    /// The share of the mean gradient that stays at each step. Default 0.9.
    #[must_use]
    pub fn b1(mut self, b1: f64) -> Adam {
        self.b1 = b1;
        self
    }

    /// The share of the mean squared gradient that stays at each step. Default 0.999.
    #[must_use]
    pub fn b2(mut self, b2: f64) -> Adam {
        self.b2 = b2;
        self
    }

    /// What is added to the root that steps are divided by. Default 1e-8.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Adam {
        self.eps = eps;
        self
    }
}

impl EachParameter for Adam {
    /// The means of the gradient and of its square.
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        vec![like(0.0, x); 2]
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let [m, v] = slots(state, x);
        let count = (step + 1i64).convert(x.dtype());
        // The share of a mean that gradients so far make up.
        let gathered = |b: f64| 1.0 - Tensor::from(b).pow(count);
        let m = (1.0 - self.b1) * g + self.b1 * m;
        let v = (1.0 - self.b2) * g.square() + self.b2 * v;
        let mean = m / gathered(self.b1);
        let mean_square = v / gathered(self.b2);
        let step_size = self.step_size.at_in(step, x.dtype());
        (x - step_size * mean / (mean_square.sqrt() + self.eps), vec![m, v])
    }
}
