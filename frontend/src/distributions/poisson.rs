//! The Poisson distribution.

use super::{
    Distribution, as_number, draw_dims, float_dtype,
    parameters::{described, parameters},
    stirling::{deviance, factorial_rest},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Counts of mean `rate` (NumPyro's `Poisson`).
    Poisson
    /// Mean `rate`, which may be zero.
    (rate: nonnegative)
}

impl Distribution for Poisson {
    described!(Poisson);

    fn support(&self) -> Support {
        constraints::nonnegative_integer()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let value = as_number(value, float_dtype(&self.params()));
        // At zero no power of the rate is taken, so that its logarithm may be infinite.
        let log_rate = value.equal(0.0).select(1.0, self.rate).log();
        -deviance(value, self.rate, log_rate) - factorial_rest(value)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::poisson(key, self.rate, &dims, self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(self.rate)
    }

    fn variance(&self) -> Option<Tensor> {
        Some(self.rate)
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let count = as_number(value, float_dtype(&self.params())).floor() + 1.0;
        let some = count.greater(0.0);
        Some(some.select(some.select(count, 1.0).gammaincc(self.rate), 0.0))
    }
}
