//! The probability that a count is not drawn at all, as distributions with extra zeros have it.

use super::Param;
use crate::{constraints, tensor::Tensor};

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
