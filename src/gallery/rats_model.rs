//! The growth of thirty rats, a line for each (Gelfand and others 1990), from posteriordb.
//!
//! posteriordb lists `alpha` and `beta` before what their densities depend on: so they are declared flat, and their
//! densities follow as factors.

use super::shared::{flat, flat_positive};
use crate::prelude::*;

super::entry!(
    "rats_data-rats_model",
    ["rats_model", "rats"],
    "growth of thirty rats, hierarchical lines",
    "rats_data.json"
);

/// One weighing each, `[150]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The rat, from 1; `i64`.
    pub rat: L,
    /// Its age, days; `f64`.
    #[tree(float)]
    pub x: L,
    /// Its weight, grams; `f64`.
    #[tree(float)]
    pub y: L,
    /// The mean age, `f64[]`.
    #[tree(float)]
    pub xbar: L,
    /// The number of rats.
    #[tree(static, name = "N")]
    pub rats: usize,
}

/// The model; the lines `alpha + beta · (x - xbar)`, their means and the scales are latent, `alpha0` is computed.
pub fn model(d: &Data) {
    let rat = Plate::new("rat", d.rats);
    let alpha = rat.run(|_| sample("alpha", flat(&[])));
    let beta = rat.run(|_| sample("beta", flat(&[])));
    let mu_alpha = sample("mu_alpha", Normal::new(0.0, 100.0));
    let mu_beta = sample("mu_beta", Normal::new(0.0, 100.0));
    let sigma_y = sample("sigma_y", flat_positive());
    let sigma_alpha = sample("sigma_alpha", flat_positive());
    let sigma_beta = sample("sigma_beta", flat_positive());
    rat.run(|_| {
        factor("alpha_prior", Normal::new(mu_alpha, sigma_alpha).log_prob(alpha));
        factor("beta_prior", Normal::new(mu_beta, sigma_beta).log_prob(beta));
    });
    deterministic("alpha0", mu_alpha - d.xbar * mu_beta);
    plate("weighing", d.y.dim(0), |_| {
        let of = d.rat - 1;
        let mean = alpha.take(of) + beta.take(of) * (d.x - d.xbar);
        sample("y", Normal::new(mean, sigma_y).obs(d.y));
    });
}
