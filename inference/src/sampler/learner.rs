//! What warm-up learns of a chain's transitions between blocks: the metric of the next ones.

use pyroxene_frontend::Array;

use super::{
    fisher::Fisher,
    metric::Form,
    schedule::{Stretch, nutpie, stan},
    windows::{Choosing, Windows},
};

/// A transition, as far as a metric is learned from it.
pub(super) struct Draw<'a> {
    pub(super) position: &'a [f64],
    /// Of the log density.
    pub(super) gradient: &'a [f64],
    /// How many steps from the start of its trajectory it lies, negative backwards in time.
    pub(super) index: f64,
    pub(super) is_diverging: bool,
    /// The mean acceptance probability of its trajectory.
    pub(super) accept: f64,
}

/// A way to learn a metric, for one chain.
pub(super) trait Learner {
    /// What the first position and the gradient there tell, if anything.
    fn begin(&mut self, _position: &[f64], _gradient: &[f64]) -> Option<Array> {
        None
    }

    /// A transition of a stretch that is learned from.
    fn see(&mut self, draw: &Draw<'_>);

    /// The factor of the metric, at the end of such a stretch; none if the old one is to stay.
    fn factor(&mut self) -> Option<Array>;

    /// The mean acceptance that the last step size should have where this one is asked for.
    fn target_accept(&self, asked: f64) -> f64 {
        asked
    }
}

/// How the metric is learned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Learning {
    /// Variances of draws or the diagonal of least Fisher divergence, window by window.
    Auto,
    /// Variances of draws.
    Variances,
    /// Covariances of draws.
    Covariances,
    /// The diagonal of least Fisher divergence, in nutpie's windows.
    Fisher,
}

impl Learning {
    pub(crate) fn form(self) -> Form {
        if self == Learning::Covariances { Form::Dense } else { Form::Diagonal }
    }

    pub(super) fn learner(self, dimension: usize, warmup: usize) -> Box<dyn Learner> {
        match self {
            Learning::Auto => Box::new(Choosing::new(dimension)),
            Learning::Variances | Learning::Covariances => Box::new(Windows::new(dimension, self.form())),
            Learning::Fisher => Box::new(Fisher::new(dimension, warmup)),
        }
    }

    pub(super) fn stretches(self, warmup: usize) -> Vec<Stretch> {
        match self {
            Learning::Auto => stan(warmup - self.refining(warmup)),
            Learning::Fisher => nutpie(warmup),
            Learning::Variances | Learning::Covariances => stan(warmup),
        }
    }

    /// The number of transitions after these stretches in which the last step size is refined.
    pub(super) fn refining(self, warmup: usize) -> usize {
        if self == Learning::Auto { warmup / 10 } else { 0 }
    }
}
