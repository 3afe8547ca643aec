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

/// Windows of which each makes a diagonal metric: of its draws' variances, or the one of least Fisher divergence where
/// that has clearly the less [`cost`].
pub(super) struct Choosing {
    dimension: usize,
    pair: Pair,
    positions: Spread,
    gradients: Spread,
    is_wary: bool,
}

impl Choosing {
    pub(super) fn new(dimension: usize) -> Choosing {
        let [positions, gradients] = [Spread::new(dimension), Spread::new(dimension)];
        Choosing { dimension, pair: Pair::new(dimension), positions, gradients, is_wary: true }
    }
}

impl Learner for Choosing {
    fn see(&mut self, draw: &Draw<'_>) {
        self.pair.see(draw.position, draw.gradient);
        self.positions.see(draw.position);
        self.gradients.see(draw.gradient);
    }

    fn factor(&mut self) -> Option<Array> {
        let window = std::mem::replace(self, Choosing::new(self.dimension));
        let variances = roots(window.pair.draws.regularized()?);
        let fisher: Vec<f64> =
            window.pair.deviations().zip(&variances).map(|(new, old)| new.unwrap_or(*old)).collect();
        let cost = |deviations: &[f64]| cost(&window.positions, &window.gradients, deviations);
        // What is no number is not less.
        let is_cheaper = cost(&fisher) < CLEARLY * cost(&variances);
        self.is_wary = !is_cheaper;
        usable(Array::from(if self.is_wary { variances } else { fisher }))
    }

    /// Where Fisher's metric is no better, curvature often differs between draws, and a step that meets the target on average
    /// is too long for some of them.
    fn is_wary(&self) -> bool {
        self.is_wary
    }
}

/// What an effective draw of the slowest direction costs under these deviations, up to a factor that is much the same for
/// all.
///
/// Steps are as long as the stiffest direction allows: their number goes with the root of the largest variance of the
/// scaled gradient. A trajectory turns back when most directions have, so one that is longer than most is walked at random,
/// for a time that goes with its variance. How long most are is taken for equal, which favours variances: Fisher's
/// deviations are the smaller ones.
fn cost(positions: &Spread, gradients: &Spread, deviations: &[f64]) -> f64 {
    let inverse: Vec<f64> = deviations.iter().map(|d| d.recip()).collect();
    positions.largest(&inverse) * gradients.largest(deviations).sqrt()
}

fn roots(variances: Vec<f64>) -> Vec<f64> {
    variances.into_iter().map(f64::sqrt).collect()
}

/// Draws that are no numbers, or so many equal ones that rounding leaves no factor: the old metric stays.
fn usable(factor: Array) -> Option<Array> {
    factor.to_f64_vec().iter().all(|x| x.is_finite()).then_some(factor)
}
