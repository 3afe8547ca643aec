//! Lengths of sea cows by age, a curve that levels off (Ratkowsky 1983), from posteriordb.

use crate::prelude::*;

super::entry!(
    "dugongs_data-dugongs_model",
    ["dugongs_model", "dugongs"],
    "lengths of sea cows by age, nonlinear regression",
    "dugongs_data.json"
);

/// One animal each, all `f64[27]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Ages, years.
    #[tree(float)]
    pub x: L,
    /// Lengths, metres.
    #[tree(float, name = "Y")]
    pub y: L,
}

/// The model; `alpha`, `beta`, `lambda` and the precision `tau` are latent, `sigma` and `U3` are computed.
pub fn model(d: &Data) {
    let alpha = sample("alpha", Normal::new(0.0, 1000.0));
    let beta = sample("beta", Normal::new(0.0, 1000.0));
    let lambda = sample("lambda", Uniform::new(0.5, 1.0));
    let tau = sample("tau", Gamma::new(1e-4, 1e-4));
    let sigma = deterministic("sigma", tau.rsqrt());
    deterministic("U3", lambda.logit());
    plate("animal", d.y.dim(0), |_| {
        sample("Y", Normal::new(alpha - beta * lambda.pow(d.x), sigma).obs(d.y));
    });
}
