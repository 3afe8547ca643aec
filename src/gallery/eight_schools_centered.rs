//! Eight schools, centred: the schools' effects themselves are sampled, a known hard case, from posteriordb.
//!
//! posteriordb lists `theta` before `mu` and `tau`, which its density depends on, and the coordinates of a position run
//! in the order of the statements. So `theta` is declared first, with a flat density, and `theta ~ N(mu, tau)` follows
//! as a factor: the joint density is the same.

use super::shared::flat;
use crate::prelude::*;

super::entry!(
    "eight_schools-eight_schools_centered",
    ["eight_schools_centered"],
    "the same posterior, centred: its funnel makes NUTS diverge",
    like eight_schools_noncentered
);

/// The model; `theta`, `mu` and `tau` are latent.
pub fn model(d: &Data) {
    let school = Plate::new("school", d.y.dim(0));
    let theta = school.run(|_| sample("theta", flat(&[])));
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    school.run(|_| {
        factor("theta_prior", Normal::new(mu, tau).log_prob(theta));
        sample("y", Normal::new(theta, d.sigma).obs(d.y));
    });
}
