//! Children's test scores regressed on their mothers' schooling and IQ (Gelman and Hill 2007), from posteriordb.

use super::shared::linear_regression;
use crate::prelude::*;

super::entry!(
    "kidiq-kidscore_momhsiq",
    ["kidscore_momhsiq"],
    "children's test scores on their mothers' schooling and IQ, linear regression",
    like kidscore_momiq
);

/// The model; `beta` and `sigma` are latent.
pub fn model(d: &Data) {
    linear_regression("kid_score", d.kid_score, &[d.mom_hs, d.mom_iq], HalfCauchy::new(2.5));
}
