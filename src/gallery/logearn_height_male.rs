//! Logarithms of earnings regressed on height and sex (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "earnings-logearn_height_male",
    ["logearn_height_male"],
    "log of earnings on height and sex, linear regression",
    like earn_height
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    linear_regression("log_earn", d.earn.log(), &[d.height, d.male], flat_positive());
}
