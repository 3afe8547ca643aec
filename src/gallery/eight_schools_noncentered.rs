//! Eight schools, non-centred: what coaching did to test scores in eight schools (Rubin 1981), from posteriordb.
//!
//! `theta_trans ~ N(0, 1)` stands for the schools' effects `theta = mu + tau · theta_trans`, which spares the sampler
//! the funnel between `theta` and `tau`.

use crate::prelude::*;

super::entry!(
    "eight_schools-eight_schools_noncentered",
    ["eight_schools", "eight_schools_noncentered"],
    "effects of coaching in eight schools, hierarchical, non-centred",
    "eight_schools.json"
);

/// The estimated effect in each school and its standard error, both `f64[8]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Estimated effects.
    #[tree(float)]
    pub y: L,
    /// Their standard errors.
    #[tree(float)]
    pub sigma: L,
}

/// The model; `theta_trans`, `mu` and `tau` are latent, `theta` is computed.
pub fn model(d: &Data) {
    let school = Plate::new("school", d.y.dim(0));
    let theta_trans = school.run(|_| sample("theta_trans", Normal::new(0.0, 1.0)));
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    school.run(|_| {
        let theta = deterministic("theta", mu + tau * theta_trans);
        sample("y", Normal::new(theta, d.sigma).obs(d.y));
    });
}
