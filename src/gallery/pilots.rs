//! Pilots' success in flight simulators by group and scenario (Gelman and Hill 2007), from posteriordb.
//!
//! posteriordb lists `a` and `b` before what their densities depend on: so they are declared flat, and their densities
//! follow as factors.

use super::shared::flat;
use crate::prelude::*;

super::entry!(
    "pilots-pilots",
    ["pilots"],
    "pilots' success by training group and scenario, hierarchical",
    "pilots.json"
);

/// One group in one scenario each, `[40]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The proportion of pilots who recovered; `f64`.
    #[tree(float)]
    pub y: L,
    /// Their group, from 1; `i64`.
    pub group_id: L,
    /// The scenario, from 1; `i64`.
    pub scenario_id: L,
    /// The number of groups.
    #[tree(static, name = "n_groups")]
    pub groups: usize,
    /// The number of scenarios.
    #[tree(static, name = "n_scenarios")]
    pub scenarios: usize,
}

/// The model; the effects `a` of groups and `b` of scenarios, their means in units of ten, and the scales are latent.
pub fn model(d: &Data) {
    let (group, scenario) = (Plate::new("group", d.groups), Plate::new("scenario", d.scenarios));
    let a = group.run(|_| sample("a", flat(&[])));
    let b = scenario.run(|_| sample("b", flat(&[])));
    let mu_a = sample("mu_a", Normal::new(0.0, 1.0));
    let mu_b = sample("mu_b", Normal::new(0.0, 1.0));
    let sigma_a = sample("sigma_a", Uniform::new(0.0, 100.0));
    let sigma_b = sample("sigma_b", Uniform::new(0.0, 100.0));
    let sigma_y = sample("sigma_y", Uniform::new(0.0, 100.0));
    group.run(|_| factor("a_prior", Normal::new(10.0 * mu_a, sigma_a).log_prob(a)));
    scenario.run(|_| factor("b_prior", Normal::new(10.0 * mu_b, sigma_b).log_prob(b)));
    plate("trial", d.y.dim(0), |_| {
        let mean = a.take(d.group_id - 1) + b.take(d.scenario_id - 1);
        sample("y", Normal::new(mean, sigma_y).obs(d.y));
    });
}
