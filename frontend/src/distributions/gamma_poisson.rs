//! Poisson counts of a gamma rate: the negative binomial distribution in its four parametrisations.

use super::{
    Distribution, Gamma, as_number, batched, clamp_probs, float_dtype,
    parameters::{described, parameters},
    stirling::{Chance, log_binomial},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// What the parametrisations have in common: successes, each with its chance, until `count` failures, any positive number.
trait Mixed: Distribution {
    /// The number of failures, the shape of the gamma.
    fn count(&self) -> Tensor;

    /// The rate of the gamma, the odds of a failure.
    fn rate(&self) -> Tensor;

    /// The chance of a success.
    fn chance(&self, value: Tensor) -> Chance;

    fn log_mass(&self, value: Tensor) -> Tensor {
        let value = as_number(value, float_dtype(&self.params()));
        // The last trial fails: of the orders of a binomial this leaves the share of failures.
        let last = self.count().log() - (self.count() + value).log();
        last + log_binomial(value, self.count(), self.chance(value))
    }

    fn draw(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [gamma, poisson] = key.split();
        let rate = Gamma::new(self.count(), self.rate()).sample(gamma, sample_shape)?;
        Some(random::poisson(poisson, rate, &rate.dims(), self.dtype()))
    }

    fn below(&self, value: Tensor) -> Tensor {
        let count = as_number(value, float_dtype(&self.params())).floor() + 1.0;
        let some = count.greater(0.0);
        let q = self.chance(value).q;
        some.select(self.count().betainc(some.select(count, 1.0), q), 0.0)
    }
}

macro_rules! mixed { ($($Name:ident)*) => { $(
    impl Distribution for $Name {
        described!($Name);

        fn support(&self) -> Support {
            constraints::nonnegative_integer()
        }

        fn log_prob(&self, value: Tensor) -> Tensor {
            self.log_mass(value)
        }

        fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
            self.draw(key, sample_shape)
        }

        fn mean(&self) -> Option<Tensor> {
            Some(batched(self, self.count() / self.rate()))
        }

        fn variance(&self) -> Option<Tensor> {
            Some(batched(self, self.count() / self.rate() * (1.0 + 1.0 / self.rate())))
        }

        fn cdf(&self, value: Tensor) -> Option<Tensor> {
            Some(self.below(value))
        }
    }
)* } }
mixed! { GammaPoisson NegativeBinomial2 NegativeBinomialProbs NegativeBinomialLogits }

parameters! {
    /// Counts of a Poisson distribution whose rate is a gamma of shape `concentration` and rate `rate` (NumPyro's
    /// `GammaPoisson`).
    GammaPoisson
    /// Shape and rate of the gamma; they broadcast.
    (concentration: positive, rate: positive)
}

impl Mixed for GammaPoisson {
    fn count(&self) -> Tensor {
        self.concentration
    }

    fn rate(&self) -> Tensor {
        self.rate
    }

    fn chance(&self, _value: Tensor) -> Chance {
        let (rate, log_p) = (self.rate, -self.rate.log1p());
        // By the rate or its inverse, whichever is the smaller: the other's square may overflow.
        let large = rate.greater(1.0);
        let inverse = -(1.0 / large.select(rate, 1.0)).log1p();
        Chance {
            p: 1.0 / (1.0 + rate),
            q: rate / (1.0 + rate),
            log_p,
            log_q: large.select(inverse, rate.log() + log_p),
        }
    }
}

parameters! {
    /// Negative binomial counts of mean `mean` and variance `mean + mean² / concentration` (NumPyro's
    /// `NegativeBinomial2`, Stan's `neg_binomial_2`).
    NegativeBinomial2
    /// Mean `mean`, which may be zero, and `concentration`, large for little more variance than a Poisson's; they
    /// broadcast.
    (mean: nonnegative, concentration: positive)
}

impl Mixed for NegativeBinomial2 {
    fn count(&self) -> Tensor {
        self.concentration
    }

    fn rate(&self) -> Tensor {
        self.concentration / self.mean
    }

    fn chance(&self, value: Tensor) -> Chance {
        let total = self.concentration + self.mean;
        // At zero no power of the mean is taken, so that its logarithm may be infinite.
        let log_mean = value.equal(0i64).select(1.0, self.mean).log();
        let log_q = -(self.mean / self.concentration).log1p();
        Chance { p: self.mean / total, q: self.concentration / total, log_p: log_mean - total.log(), log_q }
    }
}

parameters! {
    /// Successes of probability `probs` until `total_count` failures (NumPyro's `NegativeBinomialProbs`).
    NegativeBinomialProbs
    /// The number of failures `total_count`, any positive number, and the probability of success `probs`; they broadcast.
    (total_count: positive, probs: unit_interval)
}

impl Mixed for NegativeBinomialProbs {
    fn count(&self) -> Tensor {
        self.total_count
    }

    fn rate(&self) -> Tensor {
        (1.0 - self.probs) / self.probs
    }

    fn chance(&self, _value: Tensor) -> Chance {
        Chance::of_probs(clamp_probs(self.probs, float_dtype(&self.params())))
    }
}

parameters! {
    /// Successes of log odds `logits` until `total_count` failures (NumPyro's `NegativeBinomialLogits`).
    NegativeBinomialLogits
    /// The number of failures `total_count`, any positive number, and the log odds of success `logits`; they broadcast.
    (total_count: positive, logits: real)
}

impl Mixed for NegativeBinomialLogits {
    fn count(&self) -> Tensor {
        self.total_count
    }

    fn rate(&self) -> Tensor {
        (-self.logits).exp()
    }

    fn chance(&self, _value: Tensor) -> Chance {
        Chance::of_logits(self.logits)
    }
}
