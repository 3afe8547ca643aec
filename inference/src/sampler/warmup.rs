//! What the host does between stretches of warm-up: new metrics and new beginnings for the step size.

use pyroxene_frontend::prelude::*;
use pyroxene_ir::{Op, ops::Cholesky};

use super::{
    dual_averaging::DualAveraging,
    fisher::{self, Fisher},
    state::{Learner, State, square},
    welford::Welford,
};

fn scalar(array: &Array) -> f64 {
    array.to_f64_vec().first().copied().unwrap_or(f64::NAN)
}

impl State<Array> {
    /// At a position whose density is known.
    pub(super) fn at(&mut self, position: &[f64], log_density: f64, gradient: &[f64]) {
        self.position = Array::from(position);
        self.gradient = Array::from(gradient);
        self.log_density = Array::scalar(log_density);
    }

    /// What the first position tells of the metric.
    pub(super) fn first_metric(&mut self) {
        let Some(fisher) = &mut self.estimators.fisher else { return };
        self.factor = Array::from(Fisher::initial_factor(&self.gradient.to_f64_vec()));
        for (estimators, x) in [
            ([&mut fisher.draws, &mut fisher.draws_behind], &self.position),
            ([&mut fisher.gradients, &mut fisher.gradients_behind], &self.gradient),
        ] {
            for estimator in estimators {
                estimator.mean = x.clone();
                estimator.count = Array::scalar(1.0);
            }
        }
    }

    /// Whether draws have made a metric yet.
    pub(super) fn has_metric(&self) -> bool {
        self.estimators.fisher.as_ref().is_none_or(|f| scalar(&f.draws.count) >= fisher::LEAST)
    }

    /// Windows of the Fisher divergence are long from now on, no shorter than what has been seen.
    pub(super) fn lengthen_windows(&mut self) {
        if let Some(fisher) = &mut self.estimators.fisher {
            let seen = scalar(&fisher.draws_behind.count) as i64;
            fisher.window = Array::scalar(seen.max(fisher::FIRST_WINDOW));
        }
    }

    /// The metric of the draws of a window, which is over.
    pub(super) fn new_metric(&mut self, learner: Learner) {
        let Some(welford) = &self.estimators.welford else { return };
        let dimension = welford.mean.len();
        let covariances = learner == Learner::Covariances;
        let factor = welford.regularized().and_then(|variances| {
            if covariances {
                let matrix = square(variances, dimension);
                Op::from(Cholesky).eval(&[&matrix], &[matrix.ty()]).pop()
            } else {
                Some(Array::from(variances.into_iter().map(f64::sqrt).collect::<Vec<_>>()))
            }
        });
        // Draws that are no numbers, or so many equal ones that rounding leaves no factor: the old metric stays.
        let is_finite = |f: &Array| f.to_f64_vec().iter().all(|x| x.is_finite());
        if let Some(factor) = factor.filter(is_finite) {
            self.factor = factor;
        }
        self.estimators.welford = Some(Welford::new(dimension, covariances, DType::F64));
    }

    /// The step size's adaptation begins again, at the present one.
    pub(super) fn restart_averaging(&mut self) {
        self.averaging = DualAveraging::new(scalar(&self.step_size), DType::F64);
    }

    /// The step size that adaptation has come to.
    pub(super) fn final_step_size(&mut self) {
        if scalar(&self.averaging.count) > 0.0 {
            let size = scalar(&self.averaging.log_step_avg).exp();
            self.step_size = Array::scalar(size.clamp(f64::MIN_POSITIVE, f64::MAX));
        }
    }

    pub(super) fn step_size(&self) -> f64 {
        scalar(&self.step_size)
    }

    pub(super) fn leapfrogs(&self) -> u64 {
        scalar(&self.leapfrogs) as u64
    }

    pub(super) fn divergences(&self) -> usize {
        scalar(&self.divergences) as usize
    }
}
