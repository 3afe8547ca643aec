//! Radon in the houses of Minnesota's counties (Gelman and Hill 2007), non-centred, from posteriordb.

use crate::prelude::*;

super::entry!(
    "radon_mn-radon_variable_intercept_slope_noncentered",
    ["radon_variable_intercept_slope_noncentered", "radon_mn", "radon"],
    "radon by floor with intercept and slope for each of 85 counties",
    like radon_pooled
);

/// The model: three scales, the counties' standardised intercepts and slopes and their means are latent; `alpha` and
/// `beta`, the intercepts and slopes themselves, are computed.
pub fn model(d: &Data) {
    let sigma_y = sample("sigma_y", HalfNormal::new(1.0));
    let sigma_alpha = sample("sigma_alpha", HalfNormal::new(1.0));
    let sigma_beta = sample("sigma_beta", HalfNormal::new(1.0));
    let county = Plate::new("county", d.counties);
    let alpha_raw = county.run(|_| sample("alpha_raw", Normal::new(0.0, 1.0)));
    let beta_raw = county.run(|_| sample("beta_raw", Normal::new(0.0, 1.0)));
    let mu_alpha = sample("mu_alpha", Normal::new(0.0, 10.0));
    let mu_beta = sample("mu_beta", Normal::new(0.0, 10.0));
    let alpha = county.run(|_| deterministic("alpha", mu_alpha + sigma_alpha * alpha_raw));
    let beta = county.run(|_| deterministic("beta", mu_beta + sigma_beta * beta_raw));
    plate("house", d.log_radon.dim(0), |_| {
        let home = d.county_idx - 1;
        let mean = alpha.take(home) + beta.take(home) * d.floor_measure;
        sample("log_radon", Normal::new(mean, sigma_y).obs(d.log_radon));
    });
}
