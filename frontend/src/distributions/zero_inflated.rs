//! Counts with more zeros than their distribution has.

use pyroxene_ir::Dims;

use super::{
    Distribution, Param, Poisson, as_number, batched, float_dtype,
    gate::{Gate, Gated, behind},
    parameters::{as_another, described, parameters, reals},
    spread,
};
use crate::{constraints::Support, random::Key, tensor::Tensor};

/// Beyond it `e^x` is no number of double precision.
const EXP_OVERFLOWS: f64 = 700.0;

/// Zero with probability `gate`, else a count of `base` (NumPyro's `ZeroInflatedProbs` and `ZeroInflatedLogits`, both made
/// by `ZeroInflatedDistribution`).
#[derive(Clone)]
pub struct ZeroInflated {
    gated: Gated,
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
        let fits = base.support().is_discrete() && base.event_shape().is_empty();
        let give = "give a distribution of single counts, such as Poisson";
        ZeroInflated { gated: Gated::new(name, base, gate, fits, give) }
    }

    /// The log probability of zero, given that of a zero draw.
    fn log_zero(&self, log_zero: Tensor) -> Tensor {
        let log_open = self.gated.gate.log_open();
        let Gate::Probs(gate) = self.gated.gate else {
            return self.gated.gate.log().logaddexp(log_open + log_zero);
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

    fn log_prob(&self, value: Tensor) -> Tensor {
        let whole = self.batch_shape().unwrap_or_default();
        let zero = spread(self.gated.base.log_prob(Tensor::from(0i64).convert(self.dtype())), &whole);
        let some = self.gated.gate.log_open() + self.gated.base.log_prob(value);
        as_number(value, float_dtype(&self.params())).equal(0.0).select(self.log_zero(zero), some)
    }

    fn has_rsample(&self) -> bool {
        false
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (closed, key) = self.gated.closed(self, key, sample_shape);
        Some(behind(closed, self.gated.base.sample_expanded(key, sample_shape, &self.batch_shape()?)?))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, (1.0 - self.gated.gate.probs()) * self.gated.base.mean()?))
    }

    fn variance(&self) -> Option<Tensor> {
        let square = self.gated.base.mean()?.square() + self.gated.base.variance()?;
        Some(batched(self, (1.0 - self.gated.gate.probs()) * square - self.mean()?.square()))
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
