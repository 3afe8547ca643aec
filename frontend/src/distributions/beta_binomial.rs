//! The beta-binomial distribution.

use super::{
    Beta, Distribution, as_number, batched, draw_dims, float_dtype,
    parameters::{described, parameters},
    stirling::{factorial_rest, log_beta, log_rising},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Successes among `total_count` trials whose common probability is a beta draw (NumPyro's `BetaBinomial`).
    BetaBinomial
    /// The beta's `concentration1` and `concentration0`, and the number of trials; they broadcast.
    (concentration1: positive, concentration0: positive, total_count: nonnegative_integer)
}

impl BetaBinomial {
    fn beta(&self) -> Beta {
        Beta::new(batched(self, self.concentration1), batched(self, self.concentration0))
    }
}

impl Distribution for BetaBinomial {
    described!(BetaBinomial);

    fn support(&self) -> Support {
        constraints::integer_interval(0i64, self.total_count)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let (a, b, n) = (self.concentration1, self.concentration0, self.total_count);
        let k = as_number(value, float_dtype(&self.params()));
        let j = n - k;
        let power = |x: Tensor| x.xlogy(x);
        // ln (n over k), then what the urn adds: Γ(a + k) / Γ(a) and the like, not five large beta functions.
        let orders =
            factorial_rest(n) - factorial_rest(k) - factorial_rest(j) + power(n) - power(k) - power(j);
        let by_urn = orders + log_rising(a, k) + log_rising(b, j) - log_rising(a + b, n);
        // Of many trials and a small urn the roles change: Γ(k + a) / Γ(k + 1) is a small power of k.
        let small = (a + b).less(n) & a.minimum(b).greater(0.5);
        let (a, b) = (small.select(a, 1.0), small.select(b, 1.0));
        let powers =
            log_rising(k + 1.0, a - 1.0) + log_rising(j + 1.0, b - 1.0) - log_rising(n + 1.0, a + b - 1.0);
        small.select(powers - log_beta(a, b), by_urn)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [beta, binomial] = key.split();
        let (dims, dtype) = (draw_dims(self, sample_shape), float_dtype(&self.params()));
        let probs = self.beta().sample(beta, sample_shape)?.convert(dtype);
        Some(random::binomial(binomial, self.total_count, probs, &dims, dtype).convert(self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.beta().mean()? * self.total_count))
    }

    fn variance(&self) -> Option<Tensor> {
        let total = self.concentration1 + self.concentration0;
        Some(batched(self, self.beta().variance()? * self.total_count * (total + self.total_count)))
    }
}
