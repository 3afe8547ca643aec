//! Weights of mesquite bushes regressed on their sizes (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};
use crate::prelude::*;

super::entry!(
    "mesquite-mesquite",
    ["mesquite"],
    "weights of mesquite bushes on their sizes, linear regression",
    "mesquite.json"
);

/// One bush each, all `f64[46]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The weight of the leaves, grams.
    #[tree(float)]
    pub weight: L,
    /// The longer diameter of the canopy, metres.
    #[tree(float)]
    pub diam1: L,
    /// The shorter one.
    #[tree(float)]
    pub diam2: L,
    /// The height of the canopy.
    #[tree(float)]
    pub canopy_height: L,
    /// The height of the bush.
    #[tree(float)]
    pub total_height: L,
    /// The number of stems.
    #[tree(float)]
    pub density: L,
    /// Which of two groups of measurements it belongs to, 0 or 1.
    #[tree(float)]
    pub group: L,
}

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let columns = [d.diam1, d.diam2, d.canopy_height, d.total_height, d.density, d.group];
    linear_regression("weight", d.weight, &columns, flat_positive());
}
