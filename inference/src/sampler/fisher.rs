//! The diagonal metric that minimises the Fisher divergence to a standard normal, from draws and their gradients.
//!
//! Seyboldt, Carlson and Carpenter 2026, arXiv:2603.18845: the variance of a coordinate is estimated by the root of the
//! draws' variance over the gradients'. Windows as nutpie's: estimators of the present window make the metric, those
//! behind take over when they have seen enough.

use pyroxene_frontend::prelude::*;

use super::{trajectory::choose, welford::Welford};

/// Variances outside of this range and of its inverse are taken for it.
const LOWEST: f64 = 1e-20;
/// The number of draws after which estimators behind take over early in warm-up.
pub(super) const EARLY_WINDOW: i64 = 10;
/// The number of draws of the first window after that.
pub(super) const FIRST_WINDOW: i64 = 80;
/// How much longer each window is than the one before.
const GROWTH: f64 = 1.5;
/// The least number of draws that make a metric.
pub(super) const LEAST: f64 = 3.0;

/// Estimators of the present window and of the one behind it, each of draws and of gradients.
#[derive(Tree, Clone, Debug)]
pub(crate) struct Fisher<L: Leaf = Tensor> {
    pub(super) draws: Welford<L>,
    pub(super) gradients: Welford<L>,
    pub(super) draws_behind: Welford<L>,
    pub(super) gradients_behind: Welford<L>,
    /// The length of the present window (`i64[]`).
    pub(super) window: L,
}

impl Fisher<Array> {
    pub(super) fn new(dimension: usize, float: DType) -> Fisher<Array> {
        let empty = Welford::new(dimension, false, float);
        Fisher {
            draws: empty.clone(),
            gradients: empty.clone(),
            draws_behind: empty.clone(),
            gradients_behind: empty,
            window: Array::scalar(EARLY_WINDOW),
        }
    }

    /// The deviations to begin with: those of a normal whose gradient at one deviation from its mean is this one.
    pub(super) fn initial_factor(gradient: &[f64]) -> Vec<f64> {
        gradient.iter().map(|g| g.abs().clamp(LOWEST, LOWEST.recip()).recip().sqrt()).collect()
    }
}

impl Fisher {
    /// The estimators after transition number `draw`, to a draw with its gradient, which counts if it `is_good`; and
    /// the deviations they make of `factor`. Windows end early so that they fit before transition `end`.
    pub(super) fn update(
        &self,
        draw: Tensor,
        (position, gradient): (Tensor, Tensor),
        is_good: Tensor,
        (is_early, end): (Tensor, Tensor),
        factor: Tensor,
    ) -> (Fisher, Tensor) {
        let seen = |w: &Welford, x: Tensor| choose(is_good, &w.update(x), w);
        let (draws, gradients) = (seen(&self.draws, position), seen(&self.gradients, gradient));
        let draws_behind = seen(&self.draws_behind, position);
        let gradients_behind = seen(&self.gradients_behind, gradient);
        let float = factor.dtype();
        let window = is_early.select(EARLY_WINDOW, self.window);
        let longer = (window.convert(float) * GROWTH).round().convert(DType::I64).maximum(window + 1i64);
        let next = is_early.select(EARLY_WINDOW, longer);
        let full = draws_behind.count.greater_equal(window.convert(float));
        let switches = full & (next + draw).less_equal(end);
        let fisher = Fisher {
            draws: choose(switches, &draws_behind, &draws),
            gradients: choose(switches, &gradients_behind, &gradients),
            draws_behind: choose(switches, &draws_behind.emptied(), &draws_behind),
            gradients_behind: choose(switches, &gradients_behind.emptied(), &gradients_behind),
            window: (switches & !is_early).select(next, self.window),
        };
        let variance = (fisher.draws.m2 / fisher.gradients.m2).sqrt();
        let known = fisher.draws.count.greater_equal(LEAST) & variance.is_finite() & variance.greater(0.0);
        let deviation = variance.clamp(LOWEST, LOWEST.recip()).sqrt();
        (fisher, known.select(deviation, factor))
    }
}

/// Whether a draw says something about the posterior: one that has moved, far if its trajectory diverged.
pub(super) fn is_good(index: Tensor, diverging: Tensor) -> Tensor {
    let least = diverging.select(5i64, 1i64);
    index.abs().greater_equal(least)
}
