//! Sampling under a transform of the user's.

use std::rc::Rc;

use super::{Reparam, ReparamSite};
use crate::{
    distributions::TransformedDistribution, primitives::sample_at, tensor::Tensor, transforms::Transform,
};

/// Draws the image of a site under a bijection, and goes back afterwards (NumPyro's `ExplicitReparam`): a sample site
/// `NAME_base`, whatever the site's distribution is.
///
/// ```
/// use pyroxene_frontend::{
///     eval, handlers::{ExplicitReparam, reparam, trace}, prelude::*, transforms::{Inverse, Softplus},
/// };
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // On the whole line by the inverse of a softplus rather than by a logarithm.
/// eval(|| handlers::seed(0, || {
///     let config = [("x", ExplicitReparam::new(Inverse::new(Softplus)))];
///     let (x, sites) = trace(|| reparam(config, || sample("x", Gamma::new(4.0, 4.0))));
///     assert!(sites.keys().eq(["x_base", "x"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ExplicitReparam(Rc<dyn Transform>);

impl ExplicitReparam {
    /// By this bijection from the site's space; several make one by [`Compose`](crate::transforms::Compose).
    pub fn new(transform: impl Transform + 'static) -> ExplicitReparam {
        ExplicitReparam(Rc::new(transform))
    }
}

impl Reparam for ExplicitReparam {
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
        let image = TransformedDistribution::new(site.distribution.clone(), [self.0.clone()]);
        let x = sample_at(&format!("{}_base", site.name), image.into(), site.loc.clone());
        Some(self.0.inverse(x))
    }
}
