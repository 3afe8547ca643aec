//! The Bernoulli distribution, by its probability or by its log odds.

use super::{Distribution, Param, as_number, batched, clamp_probs, draw_dims, float_dtype};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// 1 with probability `probs`, else 0 (NumPyro's `BernoulliProbs`).
#[derive(Clone, Copy, Debug)]
pub struct BernoulliProbs {
    probs: Tensor,
}

impl BernoulliProbs {
    /// 1 with probability `probs`.
    #[track_caller]
    pub fn new(probs: impl Into<Tensor>) -> BernoulliProbs {
        BernoulliProbs { probs: probs.into() }
    }
}

impl Distribution for BernoulliProbs {
    fn name(&self) -> String {
        "BernoulliProbs".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("probs", self.probs, constraints::unit_interval())]
    }

    fn support(&self) -> Support {
        constraints::boolean()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let dtype = float_dtype(&self.params());
        // Short of 0 and 1 both terms are finite, and a term with factor zero is zero.
        let probs = clamp_probs(self.probs, dtype);
        let value = as_number(value, dtype);
        value * probs.log() + (1.0 - value) * (-probs).log1p()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        let probs = self.probs.convert(float_dtype(&self.params()));
        Some(random::bernoulli(key, probs, &dims).convert(self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.probs))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(self.probs * (1.0 - self.probs))
    }
}

/// 1 with log odds `logits`, else 0 (NumPyro's `BernoulliLogits`).
#[derive(Clone, Copy, Debug)]
pub struct BernoulliLogits {
    logits: Tensor,
}

impl BernoulliLogits {
    /// 1 with probability `1 / (1 + e^−logits)`.
    #[track_caller]
    pub fn new(logits: impl Into<Tensor>) -> BernoulliLogits {
        BernoulliLogits { logits: logits.into() }
    }
}

impl Distribution for BernoulliLogits {
    fn name(&self) -> String {
        "BernoulliLogits".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("logits", self.logits, constraints::real())]
    }

    fn support(&self) -> Support {
        constraints::boolean()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // For 0 and 1 the same as `value · logits − softplus(logits)`, without its cancellation at large logits.
        let sign = 1.0 - as_number(value, float_dtype(&self.params())) * 2.0;
        -(sign * self.logits).softplus()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::bernoulli(key, self.logits.logistic(), &dims).convert(self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(self.logits.logistic())
    }

    fn variance(&self) -> Option<Tensor> {
        // Not `p (1 − p)`, which is zero where `p` rounds to one.
        Some(self.logits.logistic() * (-self.logits).logistic())
    }
}
