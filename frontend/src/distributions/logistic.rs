//! The logistic distribution.

use super::{
    Distribution, batched, draw_dims,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Logistic with mean `loc` and scale `scale`, whose distribution function is the logistic one (NumPyro's `Logistic`).
    Logistic
    /// Mean `loc` and scale `scale`; they broadcast.
    (loc: real, scale: positive)
}

impl Distribution for Logistic {
    described!(Logistic);

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let z = (value - self.loc) / self.scale;
        z.log_sigmoid() + (-z).log_sigmoid() - self.scale.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(self.loc + random::logistic(key, &dims, self.dtype()) * self.scale)
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.loc))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.scale.square() * (std::f64::consts::PI.powi(2) / 3.0)))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(((value - self.loc) / self.scale).logistic())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.loc + self.scale * q.logit())
    }
}
