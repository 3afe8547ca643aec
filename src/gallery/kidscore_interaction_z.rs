//! Test scores regressed on schooling, IQ and their product, standardised (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};
use crate::prelude::*;

super::entry!(
    "kidiq_with_mom_work-kidscore_interaction_z",
    ["kidscore_interaction_z"],
    "children's test scores on schooling and IQ with interaction, in units of two standard deviations",
    like kidscore_mom_work
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let standardised = |x: Tensor| (x - x.mean()) / (2.0 * x.std_ddof(.., 1.0));
    let (a, b) = (standardised(d.mom_hs), standardised(d.mom_iq));
    let columns = [a, b, a * b];
    linear_regression("kid_score", d.kid_score, &columns, flat_positive());
}
