//! The diagonal metric that minimises the Fisher divergence to a standard normal, from draws and their gradients.
//!
//! Seyboldt, Carlson and Carpenter 2026, arXiv:2603.18845: the variance of a coordinate is estimated by the root of the
//! draws' variance over the gradients'. Windows as nutpie's: estimators of the present window make the metric, those
//! behind take over when they have seen enough.

use pyroxene_frontend::Array;

use super::{
    learner::{Draw, Learner},
    metric::Form,
    schedule::{EARLY_WINDOW, Nutpie},
    welford::Welford,
};

/// Variances outside of this range and of its inverse are taken for it.
const LOWEST: f64 = 1e-20;
/// The number of draws of the first window after the early ones.
const FIRST_WINDOW: f64 = 80.0;
/// How much longer each window is than the one before.
const GROWTH: f64 = 1.5;
/// The least number of draws that make a metric.
const LEAST: f64 = 3.0;

/// Draws and their gradients.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) draws: Welford,
    pub(super) gradients: Welford,
}

impl Pair {
    pub(super) fn new(dimension: usize) -> Pair {
        let empty = Welford::new(dimension, Form::Diagonal);
        Pair { draws: empty.clone(), gradients: empty }
    }

    pub(super) fn see(&mut self, position: &[f64], gradient: &[f64]) {
        self.draws.see(position);
        self.gradients.see(gradient);
    }

    /// The deviations of least divergence; `None` for a coordinate that has not moved, or whose gradient has not.
    pub(super) fn deviations(&self) -> impl Iterator<Item = Option<f64>> {
        let ratios = self.draws.m2.iter().zip(&self.gradients.m2).map(|(x, g)| (x / g).sqrt());
        ratios.map(|variance| {
            let is_known = variance.is_finite() && variance > 0.0;
            is_known.then(|| variance.clamp(LOWEST, LOWEST.recip()).sqrt())
        })
    }
}

/// nutpie's way to a metric.
pub(super) struct Fisher {
    schedule: Nutpie,
    present: Pair,
    behind: Pair,
    /// The length of the present window after the early ones.
    window: f64,
    /// The number of transitions seen.
    seen: usize,
    factor: Vec<f64>,
}

impl Fisher {
    pub(super) fn new(dimension: usize, warmup: usize) -> Fisher {
        let (present, behind) = (Pair::new(dimension), Pair::new(dimension));
        let factor = vec![1.0; dimension];
        Fisher { schedule: Nutpie::new(warmup), present, behind, window: FIRST_WINDOW, seen: 0, factor }
    }
}

impl Learner for Fisher {
    /// The deviations to begin with are those of a normal whose gradient at one deviation from its mean is this one.
    fn begin(&mut self, position: &[f64], gradient: &[f64]) -> Option<Array> {
        self.factor = gradient.iter().map(|g| g.abs().clamp(LOWEST, LOWEST.recip()).recip().sqrt()).collect();
        self.present.see(position, gradient);
        self.behind.see(position, gradient);
        Some(Array::from(&self.factor[..]))
    }

    fn see(&mut self, draw: &Draw<'_>) {
        // A draw says something about the posterior if it has moved, far if its trajectory diverged.
        if draw.index.abs() >= if draw.is_diverging { 5.0 } else { 1.0 } {
            self.present.see(draw.position, draw.gradient);
            self.behind.see(draw.position, draw.gradient);
        }
        let is_early = self.seen < self.schedule.early;
        if self.seen == self.schedule.early {
            // Windows are no shorter than what has been seen.
            self.window = self.window.max(self.behind.draws.count);
        }
        let window = if is_early { EARLY_WINDOW as f64 } else { self.window };
        let longer = (window * GROWTH).round_ties_even().max(window + 1.0);
        let next = if is_early { EARLY_WINDOW as f64 } else { longer };
        // Windows end early so that they fit before the metric stays.
        if self.behind.draws.count >= window && next + self.seen as f64 <= self.schedule.end as f64 {
            self.present = std::mem::replace(&mut self.behind, Pair::new(draw.position.len()));
            if !is_early {
                self.window = next;
            }
        }
        self.seen += 1;
    }

    fn factor(&mut self) -> Option<Array> {
        if self.present.draws.count < LEAST {
            return None;
        }
        for (old, new) in self.factor.iter_mut().zip(self.present.deviations()) {
            *old = new.unwrap_or(*old);
        }
        Some(Array::from(&self.factor[..]))
    }
}
