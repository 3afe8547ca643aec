//! The geometric distribution, by its probability or by its log odds.

use super::{
    Distribution, as_number, clamp_probs, draw_dims, float_dtype,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// How many trials fail before the first success, of probability `probs` each (NumPyro's `GeometricProbs`).
    GeometricProbs
    /// Success has probability `probs`.
    (probs: unit_interval)
}

/// The number of failures when `ln(1 − p)` is `log_failure`, by inversion.
fn sample(d: &dyn Distribution, key: Key, log_failure: Tensor, sample_shape: &[usize]) -> Tensor {
    let u = random::uniform(key, &draw_dims(d, sample_shape), float_dtype(&d.params()), 0.0, 1.0);
    ((-u).log1p() / log_failure).floor().convert(d.dtype())
}

impl Distribution for GeometricProbs {
    described!(GeometricProbs);

    fn support(&self) -> Support {
        constraints::nonnegative_integer()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let dtype = float_dtype(&self.params());
        as_number(value, dtype).xlog1py(-self.probs) + self.probs.log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let probs = clamp_probs(self.probs, float_dtype(&self.params()));
        Some(sample(self, key, (-probs).log1p(), sample_shape))
    }

    fn mean(&self) -> Option<Tensor> {
        Some((1.0 - self.probs) / self.probs)
    }

    fn variance(&self) -> Option<Tensor> {
        Some((1.0 - self.probs) / self.probs / self.probs)
    }
}

parameters! {
    /// How many trials fail before the first success, of log odds `logits` each (NumPyro's `GeometricLogits`).
    GeometricLogits
    /// Success has log odds `logits`.
    (logits: real)
}

impl Distribution for GeometricLogits {
    described!(GeometricLogits);

    fn support(&self) -> Support {
        constraints::nonnegative_integer()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let value = as_number(value, float_dtype(&self.params()));
        self.logits.log_sigmoid() + value * (-self.logits).log_sigmoid()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(sample(self, key, (-self.logits).log_sigmoid(), sample_shape))
    }

    fn mean(&self) -> Option<Tensor> {
        Some((-self.logits).exp())
    }

    fn variance(&self) -> Option<Tensor> {
        Some((-self.logits).exp() * (1.0 + (-self.logits).exp()))
    }
}
