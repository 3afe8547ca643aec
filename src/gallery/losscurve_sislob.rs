//! Losses of insurance cohorts over time, a growth curve scaled by each cohort's loss ratio, from posteriordb.
//!
//! posteriordb lists `LR` before what its density depends on: so it is declared flat, and the density follows as a factor.

use super::shared::flat_positive;
use crate::prelude::*;

super::entry!(
    "loss_curves-losscurve_sislob",
    ["losscurve_sislob", "loss_curves"],
    "losses of insurance cohorts along a Weibull growth curve",
    "loss_curves.json"
);

/// Losses of cohorts at times.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// 1 for the Weibull curve, another number for the log-logistic one.
    #[tree(static, name = "growthmodel_id")]
    pub growth_model: usize,
    /// The cohort of each loss, from 1, `i64[55]`.
    pub cohort_id: L,
    /// The index of its time, from 1, `i64[55]`.
    pub t_idx: L,
    /// The loss, `f64[55]`.
    #[tree(float)]
    pub loss: L,
    /// The times, `f64[10]`.
    #[tree(float)]
    pub t_value: L,
    /// The cohorts' premiums, `f64[10]`.
    #[tree(float)]
    pub premium: L,
}

/// The model; the curve's `omega` and `theta`, the loss ratios `LR` with the mean and scale of their logarithms, and the
/// scale of losses are latent, the curve `gf` is computed.
pub fn model(d: &Data) {
    let omega = sample("omega", LogNormal::new(0.0, 0.5));
    let theta = sample("theta", LogNormal::new(0.0, 0.5));
    let cohort = Plate::new("cohort", d.premium.dim(0));
    let ratio = cohort.run(|_| sample("LR", flat_positive()));
    let mean = sample("mu_LR", Normal::new(0.0, 0.5));
    let scale = sample("sd_LR", LogNormal::new(0.0, 0.5));
    cohort.run(|_| factor("LR_prior", LogNormal::new(mean, scale).log_prob(ratio)));
    let loss_scale = sample("loss_sd", LogNormal::new(0.0, 0.7));
    let gf = deterministic("gf", growth(d, omega, theta));
    plate("claim", d.loss.dim(0), |_| {
        let of = d.cohort_id - 1;
        let premium = d.premium.take(of);
        let expected = ratio.take(of) * premium * gf.take(d.t_idx - 1);
        sample("loss", Normal::new(expected, loss_scale * premium).obs(d.loss));
    });
}

/// The part of the final loss that has come in by each time.
fn growth(d: &Data, omega: Tensor, theta: Tensor) -> Tensor {
    let scaled = (d.t_value / theta).pow(omega);
    if d.growth_model == 1 { 1.0 - (-scaled).exp() } else { scaled / (1.0 + scaled) }
}
