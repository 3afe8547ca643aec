//! The step size's adaptation by dual averaging (Nesterov 2009; Hoffman and Gelman 2014, section 3.2).

use pyroxene_frontend::prelude::*;

/// How much the first steps are held back.
const T0: f64 = 10.0;
/// How fast earlier steps are forgotten.
const KAPPA: f64 = 0.75;
/// How strongly steps are held to the centre.
const GAMMA: f64 = 0.05;

/// The state: NumPyro's `dual_averaging`, with its constants.
#[derive(Tree, Clone, Debug)]
pub(crate) struct DualAveraging<L: Leaf = Tensor> {
    /// The logarithm of the next step size.
    pub(super) log_step: L,
    /// The weighted mean of these logarithms.
    pub(super) log_step_avg: L,
    /// The mean of the statistics.
    pub(super) g_avg: L,
    /// How many there were, as a float.
    pub(super) count: L,
    /// The logarithm that steps are held to.
    pub(super) prox_center: L,
}

impl DualAveraging<Array> {
    /// The state before the first statistic, for a step size to begin at: steps are held to ten times of it.
    pub(super) fn new(step_size: f64, float: DType) -> DualAveraging<Array> {
        let scalar = |x: f64| Array::scalar(x).convert(float);
        DualAveraging {
            log_step: scalar(0.0),
            log_step_avg: scalar(0.0),
            g_avg: scalar(0.0),
            count: scalar(0.0),
            prox_center: scalar(std::f64::consts::LN_10 + step_size.ln()),
        }
    }
}

impl DualAveraging {
    /// The state after the statistic `g`: the target acceptance probability less the one found.
    pub(super) fn update(&self, g: Tensor) -> DualAveraging {
        let count = self.count + 1.0;
        let share = (self.count + (1.0 + T0)).reciprocal();
        let g_avg = (1.0 - share) * self.g_avg + share * g;
        let log_step = self.prox_center - count.sqrt() * g_avg / GAMMA;
        let weight = (count.log() * -KAPPA).exp();
        let log_step_avg = (1.0 - weight) * self.log_step_avg + weight * log_step;
        DualAveraging { log_step, log_step_avg, g_avg, count, prox_center: self.prox_center }
    }
}
