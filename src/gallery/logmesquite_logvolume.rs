//! Weights of mesquite bushes regressed on their volumes, by logarithms (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "mesquite-logmesquite_logvolume",
    ["logmesquite_logvolume"],
    "log weights of mesquite bushes on the log volume of the canopy",
    like mesquite
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let volume = (d.diam1 * d.diam2 * d.canopy_height).log();
    let columns = [volume];
    linear_regression("log_weight", d.weight.log(), &columns, flat_positive());
}
