//! Counts of breeding peregrines by year with an effect of each year (Kéry and Schaub 2012), from posteriordb.
//!
//! `beta2` has coordinates for the interval from -10 to 20 and a prior that is zero above 10, which a factor says. The
//! density of `eps` depends on `sigma`, which posteriordb lists later: so `eps` is declared flat, and a factor adds it.

use super::shared::flat;
use crate::prelude::*;

super::entry!(
    "GLMM_Poisson_data-GLMM_Poisson_model",
    ["GLMM_Poisson_model", "glmm_poisson"],
    "counts of peregrines by year, Poisson regression with an effect of each year",
    "GLMM_Poisson_data.json"
);

/// One year each, `[40]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The year, scaled; `f64`.
    #[tree(float)]
    pub year: L,
    /// The number counted; `i64`.
    #[tree(name = "C")]
    pub counts: L,
}

/// The model; the coefficients, the years' effects `eps` and their scale `sigma` are latent, `log_lambda` is computed.
pub fn model(d: &Data) {
    let year = Plate::new("year", d.year.dim(0));
    let alpha = sample("alpha", Uniform::new(-20.0, 20.0));
    let beta1 = sample("beta1", Uniform::new(-10.0, 10.0));
    let beta2 = sample("beta2", ImproperUniform::new(constraints::interval(-10.0, 20.0), &[], &[]));
    factor("beta2_prior", beta2.less_equal(10.0).select(0.0, f64::NEG_INFINITY));
    let beta3 = sample("beta3", Uniform::new(-10.0, 10.0));
    let eps = year.run(|_| sample("eps", flat(&[])));
    let sigma = sample("sigma", Uniform::new(0.0, 5.0));
    let t = d.year;
    year.run(|_| {
        factor("eps_prior", Normal::new(0.0, sigma).log_prob(eps));
        let trend = alpha + beta1 * t + beta2 * t.square() + beta3 * t.powi(3);
        let log_lambda = deterministic("log_lambda", trend + eps);
        sample("C", Poisson::new(log_lambda.exp()).obs(d.counts));
    });
}
