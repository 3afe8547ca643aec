//! Weights of mesquite bushes regressed on their sizes, by logarithms (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};

super::entry!(
    "mesquite-logmesquite",
    ["logmesquite"],
    "log weights of mesquite bushes on their log sizes",
    like mesquite
);

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let columns =
        [d.diam1.log(), d.diam2.log(), d.canopy_height.log(), d.total_height.log(), d.density.log(), d.group];
    linear_regression("log_weight", d.weight.log(), &columns, flat_positive());
}
