//! The binomial distribution, by its probability or by its log odds.

use super::{
    Distribution, as_number, batched, clamp_probs, draw_dims, float_dtype,
    parameters::{described, parameters},
    stirling::{Chance, log_binomial},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// How many of `total_count` trials succeed, each with probability `probs` (NumPyro's `BinomialProbs`).
    BinomialProbs
    /// Probability `probs` first, then the number of trials `total_count`; they broadcast.
    (probs: unit_interval, total_count: nonnegative_integer)
}

/// The number of successes: what both parametrisations share.
fn log_prob(d: &dyn Distribution, value: Tensor, total_count: Tensor, chance: Chance) -> Tensor {
    let value = as_number(value, float_dtype(&d.params()));
    log_binomial(value, total_count - value, chance)
}

fn sample(d: &dyn Distribution, key: Key, n: Tensor, p: Tensor, sample_shape: &[usize]) -> Tensor {
    let (dims, dtype) = (draw_dims(d, sample_shape), float_dtype(&d.params()));
    random::binomial(key, n, p.convert(dtype), &dims, dtype).convert(d.dtype())
}

impl Distribution for BinomialProbs {
    described!(BinomialProbs);

    fn support(&self) -> Support {
        constraints::integer_interval(0i64, self.total_count)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let probs = clamp_probs(self.probs, float_dtype(&self.params()));
        log_prob(self, value, self.total_count, Chance::of_probs(probs))
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(sample(self, key, self.total_count, self.probs, sample_shape))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.total_count * self.probs))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.total_count * self.probs * (1.0 - self.probs)))
    }
}

parameters! {
    /// How many of `total_count` trials succeed, each with log odds `logits` (NumPyro's `BinomialLogits`).
    BinomialLogits
    /// Log odds `logits` first, then the number of trials `total_count`; they broadcast.
    (logits: real, total_count: nonnegative_integer)
}

impl Distribution for BinomialLogits {
    described!(BinomialLogits);

    fn support(&self) -> Support {
        constraints::integer_interval(0i64, self.total_count)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        log_prob(self, value, self.total_count, Chance::of_logits(self.logits))
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(sample(self, key, self.total_count, self.logits.logistic(), sample_shape))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.total_count * self.logits.logistic()))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.total_count * self.logits.logistic() * (-self.logits).logistic()))
    }
}
