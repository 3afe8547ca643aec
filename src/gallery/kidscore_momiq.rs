//! Children's test scores regressed on their mothers' IQ (Gelman and Hill 2007), from posteriordb.

use super::shared::linear_regression;
use crate::prelude::*;

super::entry!(
    "kidiq-kidscore_momiq",
    ["kidscore_momiq", "kidiq"],
    "children's test scores on their mothers' IQ, linear regression",
    "kidiq.json"
);

/// One child each, all `f64[434]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Test scores.
    #[tree(float)]
    pub kid_score: L,
    /// 1 where the mother finished high school, 0 where not.
    #[tree(float)]
    pub mom_hs: L,
    /// The mothers' IQ.
    #[tree(float)]
    pub mom_iq: L,
}

/// The model; `beta` and `sigma` are latent.
pub fn model(d: &Data) {
    linear_regression("kid_score", d.kid_score, &[d.mom_iq], HalfCauchy::new(2.5));
}
