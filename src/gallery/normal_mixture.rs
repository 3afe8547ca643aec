//! A mixture of two normal distributions that may change places, on simulated data, from posteriordb.

use crate::prelude::*;

super::entry!(
    "normal_2-normal_mixture",
    ["normal_mixture"],
    "a mixture of two normals of scale one: two far modes",
    "normal_2.json"
);

/// The data, `f64[1000]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Draws of the mixture.
    #[tree(float)]
    pub y: L,
}

/// The model; the weight `theta` of the first component and the means `mu` are latent.
pub fn model(d: &Data) {
    let theta = sample("theta", Uniform::new(0.0, 1.0));
    let mu = plate("component", 2, |_| sample("mu", Normal::new(0.0, 10.0)));
    let weights = CategoricalProbs::new(Tensor::stack(&[theta, 1.0 - theta]));
    plate("draw", d.y.dim(0), |_| {
        sample("y", MixtureSameFamily::new(weights, Normal::new(mu, 1.0)).obs(d.y));
    });
}
