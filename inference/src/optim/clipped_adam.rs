//! Adam on clipped gradients.

use pyroxene_frontend::Tensor;

use super::{Adam, EachParameter, Schedule};

/// [`Adam`] on gradients whose elements are moved into `[−clip_norm, clip_norm]` (`numpyro.optim.ClippedAdam`).
///
/// ```
/// use pyroxene_inference::optim::ClippedAdam;
/// let optimizer = ClippedAdam::new(1e-3).clip_norm(1.0);
/// ```
#[derive(Clone, Debug)]
pub struct ClippedAdam {
    adam: Adam,
    clip_norm: f64,
}

impl ClippedAdam {
    /// With a step size, a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> ClippedAdam {
        ClippedAdam { adam: Adam::new(step_size), clip_norm: 10.0 }
    }

    /// The bound of the gradient's elements. Default 10.
    #[must_use]
    pub fn clip_norm(mut self, clip_norm: f64) -> ClippedAdam {
        self.clip_norm = clip_norm;
        self
    }

    /// The share of the mean gradient that stays at each step. Default 0.9.
    #[must_use]
    pub fn b1(mut self, b1: f64) -> ClippedAdam {
        self.adam = self.adam.b1(b1);
        self
    }

    /// The share of the mean squared gradient that stays at each step. Default 0.999.
    #[must_use]
    pub fn b2(mut self, b2: f64) -> ClippedAdam {
        self.adam = self.adam.b2(b2);
        self
    }

    /// What is added to the root that steps are divided by. Default 1e-8.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> ClippedAdam {
        self.adam = self.adam.eps(eps);
        self
    }
}

impl EachParameter for ClippedAdam {
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        self.adam.init_each(x)
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        self.adam.update_each(step, g.clamp(-self.clip_norm, self.clip_norm), x, state)
    }
}
