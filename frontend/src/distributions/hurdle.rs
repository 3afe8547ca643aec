//! Distributions whose zeros have a probability of their own, and whose other values are a base's that is not zero.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc, shape};

use super::{
    Distribution, Param, Poisson, as_number, batched, draw_dims, float_dtype,
    gate::Gate,
    is_poisoned,
    parameters::{as_another, described, parameters, reals},
    spread,
};
use crate::{
    constraints::Support,
    control::while_loop,
    random::{self, Key},
    tensor::Tensor,
    trace::{DEFAULT_INT, ErrorKind, fail},
};

/// Rounds of draws after which those that are still zero become one, their limit for a base that is hardly ever not zero.
const ROUNDS: i64 = 100_000;

/// Zero with probability `gate`, else a value of `base` given that it is not zero (NumPyro's `HurdleProbs` and
/// `HurdleLogits`, both made by `HurdleDistribution`).
#[derive(Clone)]
pub struct Hurdle {
    name: &'static str,
    base: Rc<dyn Distribution>,
    gate: Gate,
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
        if !base.event_shape().is_empty() && !is_poisoned(&base) {
            let found = format!("{name} of {}", base.name());
            let help = "give a distribution of single numbers, such as Poisson or Gamma".into();
            let gate = Gate::Probs(fail(ErrorKind::Usage { found, help }, Loc::caller()));
            return Hurdle { name, base: Rc::new(base), gate };
        }
        Hurdle { name, base: Rc::new(base), gate }
    }

    fn is_discrete(&self) -> bool {
        self.base.support().is_discrete()
    }

    /// The base's log probability of zero, where it has one.
    fn log_zero(&self) -> Tensor {
        self.base.log_prob(Tensor::from(0i64).convert(self.dtype()))
    }

    /// The probability that a draw of the base passes the hurdle.
    fn passing(&self) -> Tensor {
        if self.is_discrete() { -self.log_zero().expm1() } else { Tensor::from(1.0) }
    }

    /// Draws of the base until none is zero.
    fn nonzero(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let batch = self.batch_shape()?;
        let first = self.base.sample_expanded(key, sample_shape, &batch)?;
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
                let again = self.base.sample_expanded(sub, sample_shape, &batch).unwrap_or(*drawn);
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
        self.name.into()
    }

    fn params(&self) -> Vec<Param> {
        let mut params = self.base.params();
        params.push(self.gate.param());
        params
    }

    fn support(&self) -> Support {
        self.base.support()
    }

    fn batch_shape(&self) -> Option<Dims> {
        shape::broadcast(&self.base.batch_shape()?, &self.gate.probs().dims())
    }

    fn dtype(&self) -> DType {
        self.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let zero = as_number(value, float_dtype(&self.params())).equal(0.0);
        let other = zero.select(Tensor::from(1i64).convert(value.dtype()), value);
        let mut nonzero = self.gate.log_open() + self.base.log_prob(other);
        if self.is_discrete() {
            nonzero = nonzero - self.log_zero().log1mexp();
        }
        zero.select(self.gate.log(), nonzero)
    }

    fn has_rsample(&self) -> bool {
        false
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [closed, base] = key.split();
        let dims = draw_dims(self, sample_shape);
        let gate = self.gate.probs().convert(float_dtype(&self.params()));
        let draws = self.nonzero(base, sample_shape)?;
        Some(random::bernoulli(closed, gate, &dims).select(Tensor::from(0i64).convert(draws.dtype()), draws))
    }

    fn mean(&self) -> Option<Tensor> {
        let open = 1.0 - self.gate.probs();
        Some(batched(self, open * self.base.mean()? / self.passing()))
    }

    fn variance(&self) -> Option<Tensor> {
        let square = (self.base.mean()?.square() + self.base.variance()?) / self.passing();
        let open = 1.0 - self.gate.probs();
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
