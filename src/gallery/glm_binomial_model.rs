//! Successful broods by year, a quadratic logistic regression (Kéry and Schaub 2012), from posteriordb.

use crate::prelude::*;

super::entry!(
    "GLM_Binomial_data-GLM_Binomial_model",
    ["GLM_Binomial_model", "glm_binomial"],
    "successful broods by year, binomial regression",
    "GLM_Binomial_data.json"
);

/// One year each, `[40]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The year, scaled; `f64`.
    #[tree(float)]
    pub year: L,
    /// The number of successful broods; `i64`.
    #[tree(name = "C")]
    pub successes: L,
    /// The number of broods; `i64`.
    #[tree(name = "N")]
    pub broods: L,
}

/// The model; the coefficients `alpha`, `beta1` and `beta2` are latent, `logit_p` is computed.
pub fn model(d: &Data) {
    let coefficient = |name| sample(name, Normal::new(0.0, 100.0));
    let (alpha, beta1, beta2) = (coefficient("alpha"), coefficient("beta1"), coefficient("beta2"));
    plate("year", d.year.dim(0), |_| {
        let logit_p = deterministic("logit_p", alpha + beta1 * d.year + beta2 * d.year.square());
        sample("C", BinomialLogits::new(logit_p, d.broods).obs(d.successes));
    });
}
