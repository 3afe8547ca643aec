//! Test scores regressed on schooling, IQ and their product, centred (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "kidiq_with_mom_work-kidscore_interaction_c",
    ["kidscore_interaction_c"],
    "children's test scores on schooling and IQ with interaction, centred at their means",
    like kidscore_mom_work
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let (a, b) = (d.mom_hs - d.mom_hs.mean(), d.mom_iq - d.mom_iq.mean());
    let columns = [a, b, a * b];
    linear_regression("kid_score", d.kid_score, &columns, flat_positive());
}
