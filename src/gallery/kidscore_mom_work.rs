//! Children's test scores regressed on their mothers' work (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};
use crate::prelude::*;

super::entry!(
    "kidiq_with_mom_work-kidscore_mom_work",
    ["kidscore_mom_work"],
    "children's test scores on the mothers' work, linear regression",
    "kidiq_with_mom_work.json"
);

/// One child each, `[434]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Test scores; `f64`.
    #[tree(float)]
    pub kid_score: L,
    /// 1 where the mother finished high school, 0 where not; `f64`.
    #[tree(float)]
    pub mom_hs: L,
    /// The mothers' IQ; `f64`.
    #[tree(float)]
    pub mom_iq: L,
    /// The mothers' work in the child's first three years, a category from 1 to 4; `i64`.
    pub mom_work: L,
}

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let works = |category: i64| d.mom_work.equal(category).convert(d.kid_score.dtype());
    let columns = [works(2), works(3), works(4)];
    linear_regression("kid_score", d.kid_score, &columns, flat_positive());
}
