//! Radon in the houses of Minnesota (Gelman and Hill 2007), all counties alike, from posteriordb.

use crate::prelude::*;

super::entry!("radon_mn-radon_pooled", ["radon_pooled"], "radon by floor, counties pooled", "radon_mn.json");

/// The measurements: one house each, `[919]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// 1 where radon was measured on the first floor, 0 in the basement; `f64`.
    #[tree(float)]
    pub floor_measure: L,
    /// The logarithm of the radon level; `f64`.
    #[tree(float)]
    pub log_radon: L,
    /// The logarithm of the uranium in the county's soil; `f64`.
    #[tree(float)]
    pub log_uppm: L,
    /// The house's county, from 1; `i64`.
    pub county_idx: L,
    /// The number of counties.
    #[tree(static, name = "J")]
    pub counties: usize,
}

/// The model; `alpha`, `beta` and `sigma_y` are latent.
pub fn model(d: &Data) {
    let alpha = sample("alpha", Normal::new(0.0, 10.0));
    let beta = sample("beta", Normal::new(0.0, 10.0));
    let sigma_y = sample("sigma_y", HalfNormal::new(1.0));
    plate("house", d.log_radon.dim(0), |_| {
        sample("log_radon", Normal::new(alpha + beta * d.floor_measure, sigma_y).obs(d.log_radon));
    });
}
