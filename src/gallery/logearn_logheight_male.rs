//! Logarithms of earnings regressed on the logarithm of height and on sex (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "earnings-logearn_logheight_male",
    ["logearn_logheight_male"],
    "log of earnings on log of height and sex, linear regression",
    like earn_height
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    linear_regression("log_earn", d.earn.log(), &[d.height.log(), d.male], flat_positive());
}
