//! The Laplace distribution.

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
    /// Laplace, the double exponential, with mean `loc` and scale `scale` (NumPyro's `Laplace`).
    Laplace
    /// Mean `loc`, and `scale`, the mean distance from it; they broadcast.
    (loc: real, scale: positive)
}

impl Distribution for Laplace {
    described!(Laplace);

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        -((value - self.loc).abs() / self.scale) - self.scale.log() - std::f64::consts::LN_2
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(self.loc + random::laplace(key, &dims, self.dtype()) * self.scale)
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.loc))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.scale.square() * 2.0))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let z = (value - self.loc) / self.scale;
        let tail = 0.5 * (-z.abs()).exp();
        Some(z.greater(0.0).select(1.0 - tail, tail))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        // By the distance to the median near it and by the tail's probability far from it: each keeps its digits.
        let centred = q - 0.5;
        let near = centred.abs().less(0.25);
        let log =
            near.select((-2.0 * near.select(centred, 0.0).abs()).log1p(), (2.0 * q.minimum(1.0 - q)).log());
        Some(self.loc - self.scale * centred.sign() * log)
    }
}
