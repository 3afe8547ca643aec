//! Sampling the base of a transformed distribution.

use super::{Reparam, ReparamSite};
use crate::{distributions::TransformedDistribution, primitives::sample_at, tensor::Tensor};

/// Draws the base of a [`TransformedDistribution`](crate::distributions::TransformedDistribution), and transforms
/// afterwards (NumPyro's `TransformReparam`): a sample site `NAME_base`.
///
/// ```
/// use std::rc::Rc;
///
/// use pyroxene_frontend::{eval, handlers::{TransformReparam, reparam, trace}, prelude::*, transforms::Affine};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let moved = || TransformedDistribution::new(Normal::new(0.0, 1.0), [Rc::new(Affine::new(3.0, 2.0)) as _]);
///     let (x, sites) = trace(|| reparam([("x", TransformReparam)], || sample("x", moved())));
///     assert!(sites.keys().eq(["x_base", "x"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TransformReparam;

impl Reparam for TransformReparam {
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
        let Some(TransformedDistribution { base, transforms, .. }) = site.distribution.transformed() else {
            let found =
                format!("TransformReparam: {} is no transformed distribution", site.distribution.name());
            return site.refuse(
                found,
                "state it as `TransformedDistribution::new(base, [Rc::new(Affine::new(..))])`",
            );
        };
        let x = sample_at(&format!("{}_base", site.name), base.into(), site.loc.clone());
        Some(transforms.iter().fold(x, |x, t| t.forward(x)))
    }
}
