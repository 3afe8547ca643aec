//! Mesquite bushes' log weights on volume, area, shape and height (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "mesquite-logmesquite_logvash",
    ["logmesquite_logvash"],
    "log weights of mesquite bushes on log volume, area, shape and height",
    like mesquite
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let volume = (d.diam1 * d.diam2 * d.canopy_height).log();
    let (area, shape) = ((d.diam1 * d.diam2).log(), (d.diam1 / d.diam2).log());
    let columns = [volume, area, shape, d.total_height.log(), d.group];
    linear_regression("log_weight", d.weight.log(), &columns, flat_positive());
}
