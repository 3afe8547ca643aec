//! The probability that a value is not drawn at all, and distributions behind it, as those with extra zeros have them.

use std::rc::Rc;

use pyroxene_ir::{Dims, Loc, shape};

use super::{Distribution, Param, draw_dims, float_dtype, is_poisoned};
use crate::{
    constraints,
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A probability in either of its two forms.
#[derive(Clone, Copy)]
pub(super) enum Gate {
    /// By itself.
    Probs(Tensor),
    /// By its log odds.
    Logits(Tensor),
}

impl Gate {
    pub(super) fn param(self) -> Param {
        match self {
            Gate::Probs(gate) => Param::new("gate", gate, constraints::unit_interval()),
            Gate::Logits(logits) => Param::new("gate_logits", logits, constraints::real()),
        }
    }

    pub(super) fn probs(self) -> Tensor {
        match self {
            Gate::Probs(gate) => gate,
            Gate::Logits(logits) => logits.logistic(),
        }
    }

    /// The log probability of no draw.
    pub(super) fn log(self) -> Tensor {
        match self {
            Gate::Probs(gate) => gate.log(),
            Gate::Logits(logits) => logits.log_sigmoid(),
        }
    }

    /// The log probability of a draw.
    pub(super) fn log_open(self) -> Tensor {
        match self {
            Gate::Probs(gate) => (-gate).log1p(),
            Gate::Logits(logits) => (-logits).log_sigmoid(),
        }
    }
}

/// A distribution behind a gate: zero where that is closed.
#[derive(Clone)]
pub(super) struct Gated {
    pub(super) name: &'static str,
    pub(super) base: Rc<dyn Distribution>,
    pub(super) gate: Gate,
}

impl Gated {
    /// `base` behind `gate`; where it does not fit, an error that says what to give.
    #[track_caller]
    pub(super) fn new(
        name: &'static str,
        base: impl Distribution,
        gate: Gate,
        fits: bool,
        give: &'static str,
    ) -> Gated {
        let mut gate = gate;
        if !fits && !is_poisoned(&base) {
            let found = format!("{name} of {}", base.name());
            gate = Gate::Probs(fail(ErrorKind::Usage { found, help: give.into() }, Loc::caller()));
        }
        Gated { name, base: Rc::new(base), gate }
    }

    pub(super) fn params(&self) -> Vec<Param> {
        let mut params = self.base.params();
        params.push(self.gate.param());
        params
    }

    pub(super) fn batch_shape(&self) -> Option<Dims> {
        shape::broadcast(&self.base.batch_shape()?, &self.gate.probs().dims())
    }

    /// Whether the gate is closed, for each draw of `d`, and the key for what is behind it.
    pub(super) fn closed(&self, d: &dyn Distribution, key: Key, sample_shape: &[usize]) -> (Tensor, Key) {
        let [closed, base] = key.split();
        let gate = self.gate.probs().convert(float_dtype(&self.params()));
        (random::bernoulli(closed, gate, &draw_dims(d, sample_shape)), base)
    }
}

/// Zero where the gate is closed, else what was drawn.
pub(super) fn behind(closed: Tensor, draws: Tensor) -> Tensor {
    closed.select(Tensor::from(0i64).convert(draws.dtype()), draws)
}
