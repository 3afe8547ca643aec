//! Logarithms of earnings regressed on height (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "earnings-logearn_height",
    ["logearn_height"],
    "log of earnings on height, linear regression",
    like earn_height
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    linear_regression("log_earn", d.earn.log(), &[d.height], flat_positive());
}
