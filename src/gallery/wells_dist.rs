//! Who changed to a safe well, by its distance (Gelman and Hill 2007), from posteriordb.

use super::shared::flat;
use crate::prelude::*;

super::entry!(
    "wells_data-wells_dist",
    ["wells_dist", "wells"],
    "households changing wells by distance, logistic regression",
    "wells_data.json"
);

/// One household each: `i64[3020]` and `f64[3020]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// 1 where the household changed its well.
    pub switched: L,
    /// The distance to the nearest safe well, metres.
    #[tree(float)]
    pub dist: L,
}

/// The model; `beta` (intercept, slope) is latent.
pub fn model(d: &Data) {
    let beta = sample("beta", flat(&[2]));
    plate("household", d.switched.dim(0), |_| {
        sample("switched", BernoulliLogits::new(beta.at(0) + beta.at(1) * d.dist).obs(d.switched));
    });
}
