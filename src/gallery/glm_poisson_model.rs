//! Counts of breeding peregrines by year, a cubic Poisson regression (Kéry and Schaub 2012), from posteriordb.

use crate::prelude::*;

super::entry!(
    "GLM_Poisson_Data-GLM_Poisson_model",
    ["GLM_Poisson_model", "glm_poisson"],
    "counts of peregrines by year, Poisson regression",
    "GLM_Poisson_Data.json"
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

/// The model; the coefficients `alpha`, `beta1`, `beta2` and `beta3` are latent, `log_lambda` is computed.
pub fn model(d: &Data) {
    let alpha = sample("alpha", Uniform::new(-20.0, 20.0));
    let beta = |name| sample(name, Uniform::new(-10.0, 10.0));
    let (beta1, beta2, beta3) = (beta("beta1"), beta("beta2"), beta("beta3"));
    let t = d.year;
    plate("year", t.dim(0), |_| {
        let trend = alpha + beta1 * t + beta2 * t.square() + beta3 * t.powi(3);
        let log_lambda = deterministic("log_lambda", trend);
        sample("C", Poisson::new(log_lambda.exp()).obs(d.counts));
    });
}
