//! The metric of the draws of Stan's windows: their variances, their covariances, or what promises the cheaper draws.

use pyroxene_frontend::prelude::*;
use pyroxene_ir::{Op, ops::Cholesky};

use super::{
    fisher::Pair,
    learner::{Draw, Learner},
    metric::{Form, square},
    spread::Spread,
    welford::Welford,
};

/// Windows of which each makes a metric of its draws' variances or covariances.
pub(super) struct Windows {
    form: Form,
    dimension: usize,
    draws: Welford,
}

impl Windows {
    pub(super) fn new(dimension: usize, form: Form) -> Windows {
        Windows { form, dimension, draws: Welford::new(dimension, form) }
    }
}

impl Learner for Windows {
    fn see(&mut self, draw: &Draw<'_>) {
        self.draws.see(draw.position);
    }

    fn factor(&mut self) -> Option<Array> {
        let empty = Welford::new(self.dimension, self.form);
        let variances = std::mem::replace(&mut self.draws, empty).regularized()?;
        match self.form {
            Form::Diagonal => usable(Array::from(roots(variances))),
            Form::Dense => {
                let matrix = square(variances, self.dimension);
                usable(Op::from(Cholesky).eval(&[&matrix], &[matrix.ty()]).pop()?)
            }
        }
    }
}

/// Fisher's metric must promise draws at less than this share of what they cost by variances, which are the safer choice.
const CLEARLY: f64 = 0.95;

/// The largest variance of a direction that a trajectory still crosses. It takes half a turn of most directions, and its draw is
/// two thirds of that away: in a direction twice as far a quarter, where nothing is left of the start.
const CROSSED: f64 = 2.0;
/// The first transitions of a window, in which dual averaging still comes down from steps ten times too long.
const COMING_DOWN: usize = 50;
/// The share of a window's transitions that may diverge.
const TOLERATED: f64 = 1.0 / 1000.0;

/// Windows of which each makes a diagonal metric: of its draws' variances, or the one of least Fisher divergence where
/// that has clearly the less [`cost`].
pub(super) struct Choosing {
    dimension: usize,
    pair: Pair,
    positions: Spread,
    gradients: Spread,
    /// Which of the window's transitions diverged.
    diverged: Vec<usize>,
    seen: usize,
    /// The share of the last window's transitions that diverged.
    diverging: f64,
}

impl Choosing {
    pub(super) fn new(dimension: usize) -> Choosing {
        let [positions, gradients] = [Spread::new(dimension), Spread::new(dimension)];
        let (pair, diverged) = (Pair::new(dimension), Vec::new());
        Choosing { dimension, pair, positions, gradients, diverged, seen: 0, diverging: 0.0 }
    }

    /// The share of the transitions that diverged, without the first of them.
    fn share_diverged(&self) -> f64 {
        let first = COMING_DOWN.min(self.seen / 2);
        let diverged = self.diverged.iter().filter(|i| **i >= first).count();
        diverged as f64 / (self.seen - first).max(1) as f64
    }
}

impl Learner for Choosing {
    fn see(&mut self, draw: &Draw<'_>) {
        self.pair.see(draw.position, draw.gradient);
        self.positions.see(draw.position);
        self.gradients.see(draw.gradient);
        self.diverged.extend(draw.is_diverging.then_some(self.seen));
        self.seen += 1;
    }

    fn factor(&mut self) -> Option<Array> {
        let window = std::mem::replace(self, Choosing::new(self.dimension));
        self.diverging = window.share_diverged();
        let variances = roots(window.pair.draws.regularized()?);
        let fisher: Vec<f64> =
            window.pair.deviations().zip(&variances).map(|(new, old)| new.unwrap_or(*old)).collect();
        let cost = |deviations: &[f64]| cost(&window.positions, &window.gradients, deviations);
        // What is no number is not less.
        let is_cheaper = cost(&fisher) < CLEARLY * cost(&variances);
        usable(Array::from(if is_cheaper { fisher } else { variances }))
    }

    /// Where transitions diverge, curvature differs between draws, and a step that meets the target on average is too long for
    /// some of them. Stan then tells its users to ask for more, as is done here. Divergences go with the third to fourth power
    /// of rejections (eight schools, the horseshoe, stochastic volatility), so that the root of what there are too many of
    /// tells how many fewer rejections to aim at.
    fn target_accept(&self, asked: f64) -> f64 {
        1.0 - (1.0 - asked) * (TOLERATED / self.diverging).min(1.0).cbrt()
    }
}

/// What an effective draw of the slowest direction costs under these deviations, up to a factor that is much the same for
/// all.
///
/// Steps are as long as the stiffest direction allows: their number goes with the root of the largest variance of the
/// scaled gradient. A trajectory turns back when most directions have, so one that is much longer than most is walked at
/// random, for a time that goes with its variance. How long most are is taken for equal, which favours variances: Fisher's
/// deviations are the smaller ones.
fn cost(positions: &Spread, gradients: &Spread, deviations: &[f64]) -> f64 {
    let inverse: Vec<f64> = deviations.iter().map(|d| d.recip()).collect();
    positions.largest(&inverse).max(CROSSED) * gradients.largest(deviations).sqrt()
}

fn roots(variances: Vec<f64>) -> Vec<f64> {
    variances.into_iter().map(f64::sqrt).collect()
}

/// Draws that are no numbers, or so many equal ones that rounding leaves no factor: the old metric stays.
fn usable(factor: Array) -> Option<Array> {
    factor.to_f64_vec().iter().all(|x| x.is_finite()).then_some(factor)
}
