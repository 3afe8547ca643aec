//! Regression by a Gaussian process with a squared exponential kernel, on simulated data, from posteriordb.

use crate::prelude::*;

super::entry!("gp_pois_regr-gp_regr", ["gp_regr"], "regression by a Gaussian process", "gp_pois_regr.json");

/// One point each, all `f64[11]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Where it was measured.
    #[tree(float)]
    pub x: L,
    /// What was measured.
    #[tree(float)]
    pub y: L,
}

/// The model; the length scale `rho`, the amplitude `alpha` and the variance of the noise `sigma` are latent.
pub fn model(d: &Data) {
    let rho = sample("rho", Gamma::new(25.0, 4.0));
    let alpha = sample("alpha", HalfNormal::new(2.0));
    let sigma = sample("sigma", HalfNormal::new(1.0));
    let distance = (d.x.expand_dims(-1) - d.x) / rho;
    let covariance = (alpha.square() * (distance.square() * -0.5).exp()).add_diag(sigma);
    sample("y", MultivariateNormal::from_covariance_matrix(0.0, covariance).obs(d.y));
}
