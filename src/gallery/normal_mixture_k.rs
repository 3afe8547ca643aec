//! A mixture of five normal distributions that may change places, on simulated data, from posteriordb.

use crate::prelude::*;

super::entry!(
    "normal_5-normal_mixture_k",
    ["normal_mixture_k"],
    "a mixture of five normals: 120 equal modes",
    "normal_5.json"
);

/// The data.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Draws of the mixture, `f64[1701]`.
    #[tree(float)]
    pub y: L,
    /// The number of components.
    #[tree(static, name = "K")]
    pub components: usize,
}

/// The model; the weights `theta`, the means `mu` and the scales `sigma` are latent.
pub fn model(d: &Data) {
    let theta = sample("theta", Dirichlet::new(Tensor::ones(&[d.components])));
    let component = Plate::new("component", d.components);
    let mu = component.run(|_| sample("mu", Normal::new(0.0, 10.0)));
    let sigma = component.run(|_| sample("sigma", Uniform::new(0.0, 10.0)));
    let weights = CategoricalProbs::new(theta);
    plate("draw", d.y.dim(0), |_| {
        sample("y", MixtureSameFamily::new(weights, Normal::new(mu, sigma)).obs(d.y));
    });
}
