//! Test scores regressed on schooling, IQ and their product, at round centres, from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "kidiq_with_mom_work-kidscore_interaction_c2",
    ["kidscore_interaction_c2"],
    "children's test scores on schooling and IQ with interaction, centred at 0.5 and 100",
    like kidscore_mom_work
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let (a, b) = (d.mom_hs - 0.5, d.mom_iq - 100.0);
    let columns = [a, b, a * b];
    linear_regression("kid_score", d.kid_score, &columns, flat_positive());
}
