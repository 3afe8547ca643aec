//! A mixture of two normal distributions in order, on simulated data, from posteriordb.
//!
//! The prior of the means holds them in order only, so it is flat on ordered vectors times a factor.

use crate::prelude::*;

super::entry!(
    "low_dim_gauss_mix-low_dim_gauss_mix",
    ["low_dim_gauss_mix"],
    "a mixture of two normals, ordered means",
    "low_dim_gauss_mix.json"
);

/// The data, `f64[1000]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Draws of the mixture.
    #[tree(float)]
    pub y: L,
}

/// The model; the means `mu`, the scales `sigma` and the weight `theta` of the lower component are latent.
pub fn model(d: &Data) {
    let mu = sample("mu", ImproperUniform::new(constraints::ordered_vector(), &[], &[2]));
    let component = Plate::new("component", 2);
    component.run(|_| factor("mu_prior", Normal::new(0.0, 2.0).log_prob(mu)));
    let sigma = component.run(|_| sample("sigma", HalfNormal::new(2.0)));
    let theta = sample("theta", Beta::new(5.0, 5.0));
    let weights = CategoricalProbs::new(Tensor::stack(&[theta, 1.0 - theta]));
    plate("draw", d.y.dim(0), |_| {
        sample("y", MixtureSameFamily::new(weights, Normal::new(mu, sigma)).obs(d.y));
    });
}
