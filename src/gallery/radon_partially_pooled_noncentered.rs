//! Radon in Minnesota's counties (Gelman and Hill 2007), an intercept for each, non-centred, from posteriordb.

use crate::prelude::*;

super::entry!(
    "radon_mn-radon_partially_pooled_noncentered",
    ["radon_partially_pooled_noncentered"],
    "radon with an intercept for each county, non-centred",
    like radon_pooled
);

/// The model; `alpha_raw`, one for each county, `mu_alpha` and the scales are latent, `alpha` is computed.
pub fn model(d: &Data) {
    let county = Plate::new("county", d.counties);
    let alpha_raw = county.run(|_| sample("alpha_raw", Normal::new(0.0, 1.0)));
    let mu_alpha = sample("mu_alpha", Normal::new(0.0, 10.0));
    let sigma_alpha = sample("sigma_alpha", HalfNormal::new(1.0));
    let sigma_y = sample("sigma_y", HalfNormal::new(1.0));
    let alpha = county.run(|_| deterministic("alpha", mu_alpha + sigma_alpha * alpha_raw));
    plate("house", d.log_radon.dim(0), |_| {
        sample("log_radon", Normal::new(alpha.take(d.county_idx - 1), sigma_y).obs(d.log_radon));
    });
}
