//! Earnings regressed on height (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};
use crate::prelude::*;

super::entry!(
    "earnings-earn_height",
    ["earn_height", "earnings"],
    "earnings on height, linear regression",
    "earnings.json"
);

/// One adult each, all `f64[1192]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Yearly earnings, dollars.
    #[tree(float)]
    pub earn: L,
    /// Height, inches.
    #[tree(float)]
    pub height: L,
    /// 1 for men, 0 for women.
    #[tree(float)]
    pub male: L,
}

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    linear_regression("earn", d.earn, &[d.height], flat_positive());
}
