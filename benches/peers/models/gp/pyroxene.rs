//! Regression by a Gaussian process with a squared exponential kernel, the function integrated out.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    x: L,
    y: L,
}

pub(crate) fn model(d: &Data) {
    let rho = sample("rho", InverseGamma::new(5.0, 5.0));
    let alpha = sample("alpha", HalfNormal::new(1.0));
    let sigma = sample("sigma", HalfNormal::new(1.0));
    let distance = (d.x.expand_dims(-1) - d.x) / rho;
    let covariance = (alpha.square() * (distance.square() * -0.5).exp()).add_diag(sigma.square());
    sample("y", MultivariateNormal::from_covariance_matrix(0.0, covariance).obs(d.y));
}
