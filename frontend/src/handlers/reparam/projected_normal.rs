//! Sampling the normal vector of a projected normal.

use super::{Reparam, ReparamSite};
use crate::{
    distributions::{Distribution, Normal, normalised},
    primitives::sample_at,
    tensor::Tensor,
};

/// Draws the normal vector whose direction a [`ProjectedNormal`](crate::distributions::ProjectedNormal) is (NumPyro's
/// `ProjectedNormalReparam`): a sample site `NAME_normal`. Directions themselves have no unconstrained coordinates.
///
/// ```
/// use pyroxene_frontend::{eval, handlers::{ProjectedNormalReparam, reparam, trace}, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let direction = || sample("x", ProjectedNormal::new([0.0, 0.0, 1.0, 0.0]));
///     let (x, sites) = trace(|| reparam([("x", ProjectedNormalReparam)], direction));
///     assert!(sites.keys().eq(["x_normal", "x"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ProjectedNormalReparam;

impl Reparam for ProjectedNormalReparam {
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
        let d = site.distribution;
        let is_projected = d.name().starts_with("ProjectedNormal");
        let params = d.params();
        let Some(concentration) = params.first().filter(|_| is_projected).map(|p| p.value) else {
            let found = format!("ProjectedNormalReparam: the distribution is {}", d.name());
            return site.refuse(found, "use it for sites of ProjectedNormal alone");
        };
        // The batch and the events of the site, whatever wrappers made them.
        let mut dims = d.batch_shape()?;
        dims.extend(d.event_shape());
        let zeros = Tensor::from(0.0).convert(d.dtype()).broadcast_to(&dims);
        let noise = Normal::new(zeros, 1.0).to_event(d.event_shape().len());
        let noise = sample_at(&format!("{}_normal", site.name), noise.into(), site.loc.clone());
        Some(normalised(noise + concentration))
    }
}
