//! The Lévy distribution.

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
    /// Lévy: `scale / (x − loc)` is the square of a standard normal (NumPyro's `Levy`).
    Levy
    /// Least value `loc`, scale `scale`; they broadcast.
    (loc: real, scale: positive)
}

impl Distribution for Levy {
    described!(Levy);

    fn support(&self) -> Support {
        constraints::greater_than(self.loc)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let above = value - self.loc;
        let logs = self.scale.log() - (2.0 * std::f64::consts::PI).ln() - self.scale / above;
        0.5 * logs - 1.5 * above.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        self.icdf(random::uniform(key, &dims, self.dtype(), 0.0, 1.0))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, Tensor::from(f64::INFINITY).convert(self.dtype())))
    }

    fn variance(&self) -> Option<Tensor> {
        self.mean()
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        // Two tails of the normal, not what they leave, which loses the digits of small probabilities.
        Some((self.scale / (value - self.loc).maximum(0.0) * 0.5).sqrt().erfc())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.loc + self.scale / (0.5 * q).ndtri().square())
    }
}
