//! Test scores regressed on whether their mothers finished high school (Gelman and Hill 2007), from posteriordb.

use super::shared::linear_regression;
use crate::prelude::*;

super::entry!(
    "kidiq-kidscore_momhs",
    ["kidscore_momhs"],
    "children's test scores on whether their mothers finished high school, linear regression",
    like kidscore_momiq
);

/// The model; `beta` and `sigma` are latent.
pub fn model(d: &Data) {
    linear_regression("kid_score", d.kid_score, &[d.mom_hs], HalfCauchy::new(2.5));
}
