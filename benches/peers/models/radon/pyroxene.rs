//! Radon: intercept and slope for each county, non-centred.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    county: L,
    floor: L,
    log_radon: L,
}

const COUNTIES: usize = 85;

pub(crate) fn model(d: &Data) {
    let mu_alpha = sample("mu_alpha", Normal::new(0.0, 10.0));
    let mu_beta = sample("mu_beta", Normal::new(0.0, 10.0));
    let sigma_alpha = sample("sigma_alpha", HalfNormal::new(1.0));
    let sigma_beta = sample("sigma_beta", HalfNormal::new(1.0));
    let sigma_y = sample("sigma_y", HalfNormal::new(1.0));
    let county = Plate::new("county", COUNTIES);
    let alpha_raw = county.run(|_| sample("alpha_raw", Normal::new(0.0, 1.0)));
    let beta_raw = county.run(|_| sample("beta_raw", Normal::new(0.0, 1.0)));
    let alpha = mu_alpha + sigma_alpha * alpha_raw;
    let beta = mu_beta + sigma_beta * beta_raw;
    plate("house", d.log_radon.dim(0), |_| {
        let mean = alpha.take(d.county) + beta.take(d.county) * d.floor;
        sample("log_radon", Normal::new(mean, sigma_y).obs(d.log_radon));
    });
}
