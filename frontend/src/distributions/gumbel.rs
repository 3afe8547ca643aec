//! The Gumbel distribution.

use super::{
    Distribution, batched, draw_dims,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Euler's constant.
const GAMMA: f64 = 0.577_215_664_901_532_9;

parameters! {
    /// Gumbel, the extreme value distribution of type I for maxima, with mode `loc` and scale `scale` (NumPyro's
    /// `Gumbel`).
    Gumbel
    /// Mode `loc` and scale `scale`; they broadcast.
    (loc: real, scale: positive)
}

impl Distribution for Gumbel {
    described!(Gumbel);

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let z = (value - self.loc) / self.scale;
        -(z + (-z).exp()) - self.scale.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(self.loc + self.scale * random::gumbel(key, &dims, self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.loc + self.scale * GAMMA))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.scale.square() * (std::f64::consts::PI.powi(2) / 6.0)))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some((-((self.loc - value) / self.scale).exp()).exp())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.loc - self.scale * (-q.log()).log())
    }
}
