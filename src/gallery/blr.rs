//! Bayesian linear regression on simulated data, with normal priors, from posteriordb.

use crate::prelude::*;

super::entry!("sblrc-blr", ["blr", "sblrc"], "simulated linear regression with normal priors", "sblrc.json");

/// One response a row, all `f64`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Responses, `[100]`.
    #[tree(float)]
    pub y: L,
    /// The design matrix, `[100, 5]`.
    #[tree(float, name = "X")]
    pub x: L,
}

/// The model; `beta` and `sigma` are latent.
pub fn model(d: &Data) {
    let beta = plate("column", d.x.dim(1), |_| sample("beta", Normal::new(0.0, 10.0)));
    let sigma = sample("sigma", HalfNormal::new(10.0));
    plate("row", d.y.dim(0), |_| sample("y", Normal::new(d.x.matmul(beta), sigma).obs(d.y)));
}
