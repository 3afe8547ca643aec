//! Children's test scores regressed on their mothers' IQ (Gelman and Hill 2007), from posteriordb.

use crate::prelude::*;

super::entry!(
    "kidiq-kidscore_momiq",
    ["kidscore_momiq", "kidiq"],
    "children's test scores on their mothers' IQ, linear regression",
    "kidiq.json"
);

/// The children's scores and their mothers' IQ, both `f64[434]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Test scores.
    #[tree(float)]
    pub kid_score: L,
    /// The mothers' IQ.
    #[tree(float)]
    pub mom_iq: L,
}

/// The model; `beta` (intercept, slope) and `sigma` are latent.
pub fn model(d: &Data) {
    let beta = sample("beta", ImproperUniform::new(constraints::real(), &[], &[2]));
    let sigma = sample("sigma", HalfCauchy::new(2.5));
    plate("child", d.kid_score.dim(0), |_| {
        let mean = beta.at(0) + beta.at(1) * d.mom_iq;
        sample("kid_score", Normal::new(mean, sigma).obs(d.kid_score));
    });
}
