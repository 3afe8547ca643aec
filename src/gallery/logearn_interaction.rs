//! Logarithms of earnings regressed on height, sex and their product (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "earnings-logearn_interaction",
    ["logearn_interaction"],
    "log of earnings on height, sex and their interaction, linear regression",
    like earn_height
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    linear_regression("log_earn", d.earn.log(), &[d.height, d.male, d.height * d.male], flat_positive());
}
