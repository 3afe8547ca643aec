//! Angles on the whole line.

use std::f64::consts::PI;

use super::{Reparam, ReparamSite};
use crate::{
    constraints::real,
    distributions::ImproperUniform,
    primitives::{factor_at, sample_at},
    tensor::Tensor,
};

/// Moves an angle on the whole line and wraps it (NumPyro's `CircularReparam`): an improper sample site `NAME_unwrapped`,
/// and the density as the factor `NAME_factor`. A sampler then crosses ±π freely. There is nothing to draw from: give
/// `NAME_unwrapped` a value where the prior is drawn.
///
/// ```
/// use pyroxene_frontend::{eval, handlers::{CircularReparam, reparam, substitute, trace}, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| {
///     let angle = || reparam([("x", CircularReparam)], || sample("x", VonMises::new(0.0, 2.0)));
///     let (x, sites) = trace(|| substitute([("x_unwrapped", 7.0)], angle));
///     assert!(sites.keys().eq(["x_unwrapped", "x_factor", "x"]));
///     x
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CircularReparam;

impl Reparam for CircularReparam {
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
        let d = site.distribution;
        if !d.support().describe().ends_with(&crate::constraints::circular().describe()) {
            let found = format!(
                "CircularReparam needs angles, and the support of {} is {}",
                d.name(),
                d.support().describe()
            );
            return site.refuse(found, "use it for sites of VonMises");
        }
        let anywhere = ImproperUniform::new(real(), &d.batch_shape()?, &d.event_shape());
        let unwrapped = sample_at(&format!("{}_unwrapped", site.name), anywhere.into(), site.loc.clone());
        let value = (unwrapped + PI).remainder(2.0 * PI) - PI;
        factor_at(&format!("{}_factor", site.name), d.log_prob(value), site.loc.clone());
        Some(value)
    }
}
