//! Distributions whose zeros have a probability of their own, and whose other values are a base's that is not zero.

use pyroxene_ir::{DType, Dims};

use super::{
    Distribution, Param, Poisson, as_number, batched, float_dtype,
    gate::{Gate, Gated, behind},
    parameters::{as_another, described, parameters, reals},
    spread,
};
use crate::{constraints::Support, control::while_loop, random::Key, tensor::Tensor, trace::DEFAULT_INT};

/// Rounds of draws after which those that are still zero become one, their limit for a base that is hardly ever not zero.
const ROUNDS: i64 = 100_000;

/// Zero with probability `gate`, else a value of `base` given that it is not zero (NumPyro's `HurdleProbs` and
/// `HurdleLogits`, both made by `HurdleDistribution`).
#[derive(Clone)]
pub struct Hurdle {
    gated: Gated,
}

impl Hurdle {
    /// Zero with probability `gate`, else a nonzero draw of `base`; they broadcast.
    ///
    /// # Errors
    /// Recorded where `base`'s events have dimensions.
    #[track_caller]
    pub fn probs(base: impl Distribution, gate: impl Into<Tensor>) -> Hurdle {
        let [gate] = reals([gate.into()]);
        Hurdle::of("HurdleProbs", base, Gate::Probs(gate))
    }

    /// Zero with log odds `gate_logits`, else a nonzero draw of `base`; they broadcast.
    ///
    /// # Errors
    /// Recorded where `base`'s events have dimensions.
    #[track_caller]
    pub fn logits(base: impl Distribution, gate_logits: impl Into<Tensor>) -> Hurdle {
        let [gate] = reals([gate_logits.into()]);
        Hurdle::of("HurdleLogits", base, Gate::Logits(gate))
    }

    #[track_caller]
    fn of(name: &'static str, base: impl Distribution, gate: Gate) -> Hurdle {
        let fits = base.event_shape().is_empty();
        let give = "give a distribution of single numbers, such as Poisson or Gamma";
        Hurdle { gated: Gated::new(name, base, gate, fits, give) }
    }

    fn is_discrete(&self) -> bool {
        self.gated.base.support().is_discrete()
    }

    /// The base's log probability of zero, where it has one.
    fn log_zero(&self) -> Tensor {
        self.gated.base.log_prob(Tensor::from(0i64).convert(self.dtype()))
    }

    /// The probability that a draw of the base passes the hurdle.
    fn passing(&self) -> Tensor {
        if self.is_discrete() { -self.log_zero().expm1() } else { Tensor::from(1.0) }
    }

    /// Draws of the base until none is zero.
    fn nonzero(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let batch = self.batch_shape()?;
        let first = self.gated.base.sample_expanded(key, sample_shape, &batch)?;
        if !self.is_discrete() {
            return Some(first);
        }
        let zeros = |drawn: Tensor| drawn.equal(0i64);
        let none = Tensor::from(0i64).convert(DEFAULT_INT);
        let (_, _, drawn) = while_loop(
            (none, key.data(), first),
            |(round, _, drawn)| round.less(ROUNDS) & !(!zeros(*drawn)).all_rightmost(drawn.rank()),
            |(round, key, drawn)| {
                let [next, sub] = Key::from(*key).split();
                let again = self.gated.base.sample_expanded(sub, sample_shape, &batch).unwrap_or(*drawn);
                (*round + 1i64, next.data(), zeros(*drawn).select(again, *drawn))
            },
        );
        let one = Tensor::from(1i64).convert(drawn.dtype());
        let drawn = zeros(drawn).select(one, drawn);
        Some(drawn)
    }
}

impl Distribution for Hurdle {
    fn name(&self) -> String {
        self.gated.name.into()
    }

    fn params(&self) -> Vec<Param> {
        self.gated.params()
    }

    fn support(&self) -> Support {
        self.gated.base.support()
    }

    fn batch_shape(&self) -> Option<Dims> {
        self.gated.batch_shape()
    }

    fn dtype(&self) -> DType {
        self.gated.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let zero = as_number(value, float_dtype(&self.params())).equal(0.0);
        let other = zero.select(Tensor::from(1i64).convert(value.dtype()), value);
        let mut nonzero = self.gated.gate.log_open() + self.gated.base.log_prob(other);
        if self.is_discrete() {
            nonzero = nonzero - self.log_zero().log1mexp();
        }
        zero.select(self.gated.gate.log(), nonzero)
    }

    fn has_rsample(&self) -> bool {
        false
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (closed, key) = self.gated.closed(self, key, sample_shape);
        Some(behind(closed, self.nonzero(key, sample_shape)?))
    }

    fn mean(&self) -> Option<Tensor> {
        let open = 1.0 - self.gated.gate.probs();
        Some(batched(self, open * self.gated.base.mean()? / self.passing()))
    }

    fn variance(&self) -> Option<Tensor> {
        let square = (self.gated.base.mean()?.square() + self.gated.base.variance()?) / self.passing();
        let open = 1.0 - self.gated.gate.probs();
        Some(spread(open * square, &self.batch_shape()?) - self.mean()?.square())
    }
}

parameters! {
    /// Zero with probability `gate`, else a Poisson count of mean `rate` before zeros are left out (NumPyro's
    /// `HurdlePoisson`).
    HurdlePoisson
    /// Probability `gate` of zero first, then the `rate` of the Poisson distribution; they broadcast.
    (gate: unit_interval, rate: positive)
}

impl HurdlePoisson {
    fn hurdle(&self) -> Hurdle {
        Hurdle::probs(Poisson::new(self.rate), self.gate)
    }
}

impl Distribution for HurdlePoisson {
    described!(HurdlePoisson);
    as_another!(hurdle);
}
