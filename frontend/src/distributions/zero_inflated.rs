//! Counts with more zeros than their distribution has.

use std::rc::Rc;

use pyroxene_ir::{Dims, Loc, shape};

use super::{
    Distribution, Param, Poisson, as_number, batched, draw_dims, float_dtype,
    gate::Gate,
    is_poisoned,
    parameters::{as_another, described, parameters, reals},
    spread,
};
use crate::{
    constraints::Support,
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// Beyond it `e^x` is no number of double precision.
const EXP_OVERFLOWS: f64 = 700.0;

/// Zero with probability `gate`, else a count of `base` (NumPyro's `ZeroInflatedProbs` and `ZeroInflatedLogits`, both made
/// by `ZeroInflatedDistribution`).
#[derive(Clone)]
pub struct ZeroInflated {
    name: &'static str,
    base: Rc<dyn Distribution>,
    gate: Gate,
}

impl ZeroInflated {
    /// Zero with probability `gate`, else a draw of `base`; they broadcast.
    ///
    /// # Errors
    /// Recorded where `base` is not discrete or its events have dimensions.
    #[track_caller]
    pub fn probs(base: impl Distribution, gate: impl Into<Tensor>) -> ZeroInflated {
        let [gate] = reals([gate.into()]);
        ZeroInflated::of("ZeroInflatedProbs", base, Gate::Probs(gate))
    }

    /// Zero with log odds `gate_logits`, else a draw of `base`; they broadcast.
    ///
    /// # Errors
    /// Recorded where `base` is not discrete or its events have dimensions.
    #[track_caller]
    pub fn logits(base: impl Distribution, gate_logits: impl Into<Tensor>) -> ZeroInflated {
        let [gate] = reals([gate_logits.into()]);
        ZeroInflated::of("ZeroInflatedLogits", base, Gate::Logits(gate))
    }

    #[track_caller]
    fn of(name: &'static str, base: impl Distribution, gate: Gate) -> ZeroInflated {
        let counts = base.support().is_discrete() && base.event_shape().is_empty();
        if !counts && !is_poisoned(&base) {
            let found = format!("{name} of {}", base.name());
            let help = "give a distribution of single counts, such as Poisson".into();
            let gate = Gate::Probs(fail(ErrorKind::Usage { found, help }, Loc::caller()));
            return ZeroInflated { name, base: Rc::new(base), gate };
        }
        ZeroInflated { name, base: Rc::new(base), gate }
    }

    /// The log probability of zero, given that of a zero draw.
    fn log_zero(&self, log_zero: Tensor) -> Tensor {
        let log_open = self.gate.log_open();
        let Gate::Probs(gate) = self.gate else {
            return self.gate.log().logaddexp(log_open + log_zero);
        };
        // ln(g + (1 − g) e^−x) in a form with a slope at g = 0, and beyond the range of exponentials in another.
        let far = log_zero.less(-EXP_OVERFLOWS);
        let near = log_zero + (gate * (-far.select(-1.0, log_zero)).expm1()).log1p();
        let inner = far.select(gate, 0.5).log().logaddexp(log_open + log_zero);
        (far & gate.greater(0.0)).select(inner, near)
    }
}

impl Distribution for ZeroInflated {
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

    fn log_prob(&self, value: Tensor) -> Tensor {
        let whole = self.batch_shape().unwrap_or_default();
        let zero = spread(self.base.log_prob(Tensor::from(0i64).convert(self.dtype())), &whole);
        let some = self.gate.log_open() + self.base.log_prob(value);
        as_number(value, float_dtype(&self.params())).equal(0.0).select(self.log_zero(zero), some)
    }

    fn has_rsample(&self) -> bool {
        false
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [closed, base] = key.split();
        let dims = draw_dims(self, sample_shape);
        let gate = self.gate.probs().convert(float_dtype(&self.params()));
        let draws = self.base.sample_expanded(base, sample_shape, &self.batch_shape()?)?;
        Some(random::bernoulli(closed, gate, &dims).select(Tensor::from(0i64).convert(draws.dtype()), draws))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, (1.0 - self.gate.probs()) * self.base.mean()?))
    }

    fn variance(&self) -> Option<Tensor> {
        let square = self.base.mean()?.square() + self.base.variance()?;
        Some(batched(self, (1.0 - self.gate.probs()) * square - self.mean()?.square()))
    }
}

parameters! {
    /// Zero with probability `gate`, else a Poisson count of mean `rate` (NumPyro's `ZeroInflatedPoisson`).
    ZeroInflatedPoisson
    /// Probability `gate` of no count first, then the mean `rate` of the counts; they broadcast.
    (gate: unit_interval, rate: positive)
}

impl ZeroInflatedPoisson {
    fn inflated(&self) -> ZeroInflated {
        ZeroInflated::probs(Poisson::new(self.rate), self.gate)
    }
}

impl Distribution for ZeroInflatedPoisson {
    described!(ZeroInflatedPoisson);
    as_another!(inflated);
}
