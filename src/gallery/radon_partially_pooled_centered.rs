//! Radon in Minnesota's counties (Gelman and Hill 2007), an intercept for each, centred, from posteriordb.
//!
//! posteriordb lists `alpha` before what its density depends on: so it is declared flat, and the density follows as a
//! factor.

use super::shared::flat;
use crate::prelude::*;

super::entry!(
    "radon_mn-radon_partially_pooled_centered",
    ["radon_partially_pooled_centered"],
    "radon with an intercept for each county, centred",
    like radon_pooled
);

/// The model; `alpha`, one for each county, its mean `mu_alpha` and the scales are latent.
pub fn model(d: &Data) {
    let county = Plate::new("county", d.counties);
    let alpha = county.run(|_| sample("alpha", flat(&[])));
    let mu_alpha = sample("mu_alpha", Normal::new(0.0, 10.0));
    let sigma_alpha = sample("sigma_alpha", HalfNormal::new(1.0));
    let sigma_y = sample("sigma_y", HalfNormal::new(1.0));
    county.run(|_| factor("alpha_prior", Normal::new(mu_alpha, sigma_alpha).log_prob(alpha)));
    plate("house", d.log_radon.dim(0), |_| {
        sample("log_radon", Normal::new(alpha.take(d.county_idx - 1), sigma_y).obs(d.log_radon));
    });
}
