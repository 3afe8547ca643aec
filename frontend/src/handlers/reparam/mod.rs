//! `reparam`: declares latent sites in other coordinates.

mod circular;
mod explicit;
mod loc_scale;
mod projected_normal;
mod transform;

use std::{collections::BTreeMap, rc::Rc};

use pyroxene_ir::Loc;

pub use circular::CircularReparam;
pub use explicit::ExplicitReparam;
pub use loc_scale::LocScaleReparam;
pub use projected_normal::ProjectedNormalReparam;
pub use transform::TransformReparam;

use super::{Handler, Message, SiteType, is_inside_flow, mask, refuse, run};
use crate::{
    distributions::Distribution,
    primitives::take_key,
    tensor::Tensor,
    trace::{ErrorKind, TraceError, report},
};

/// A way to declare a latent site in other coordinates (NumPyro's `Reparam`); see [`reparam`].
///
/// ```
/// use std::rc::Rc;
///
/// use pyroxene_frontend::{eval, handlers::{Reparam, ReparamSite, reparam}, prelude::*};
///
/// /// Draws a site in units of a hundred.
/// struct Hundreds;
///
/// impl Reparam for Hundreds {
///     fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
///         let scaled = TransformedDistribution::new(
///             site.distribution.clone(),
///             [Rc::new(transforms::Affine::new(0.0, 0.01)) as _],
///         );
///         Some(sample(&format!("{}_hundreds", site.name), scaled) * 100.0)
///     }
/// }
/// # use pyroxene_frontend::transforms;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| handlers::seed(0, || reparam([("x", Hundreds)], || sample("x", Normal::new(500.0, 1.0)))))?;
/// assert!((x.to_f64_vec()[0] - 500.0).abs() < 10.0);
/// # Ok(()) }
/// ```
pub trait Reparam {
    /// Calls the primitives that stand for the site, and returns its value, which becomes a deterministic site of its
    /// name; `None` leaves the site as it is.
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor>;
}

impl Reparam for Rc<dyn Reparam> {
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
        (**self).apply(site)
    }
}

/// A latent site that a [`Reparam`] declares anew.
pub struct ReparamSite<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its distribution, without its masks and the plates around.
    pub distribution: &'a Rc<dyn Distribution>,
    /// Its line.
    pub loc: &'a Loc,
}

impl ReparamSite<'_> {
    /// Reports that the site does not suit; the value that then stands for it.
    fn refuse(&self, found: String, help: &str) -> Option<Tensor> {
        let kind = ErrorKind::Usage { found, help: help.into() };
        let (loc, site) = (self.loc.clone(), Some(self.name.to_string()));
        report(TraceError { loc, site, during: None, kind });
        Some(Tensor::POISON)
    }
}

struct Config<F>(F);

/// Runs `f` with the named latent sites declared in other coordinates (NumPyro's `reparam`), in which samplers move more
/// easily; the sites themselves become deterministic (Gorinova, Moore and Hoffman 2019).
///
/// ```
/// use pyroxene_frontend::{handlers::{LocScaleReparam, reparam}, prelude::*};
///
/// fn centred(sigma: &Tensor) {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     let tau = sample("tau", HalfCauchy::new(5.0));
///     plate("school", sigma.dim(0), |_| sample("theta", Normal::new(mu, tau)));
/// }
///
/// /// Latent sites mu, tau and theta_decentered.
/// fn non_centred(sigma: &Tensor) {
///     reparam([("theta", LocScaleReparam::new().centered(0.0))], || centred(sigma));
/// }
/// ```
///
/// # Errors
/// Recorded, with the site's line: a site that is observed or has a value, and one whose distribution does not suit.
pub fn reparam<N: Into<String>, P: Reparam + 'static, R>(
    config: impl IntoIterator<Item = (N, P)>,
    f: impl FnOnce() -> R,
) -> R {
    let each = config.into_iter().map(|(name, how)| (name.into(), Rc::new(how) as Rc<dyn Reparam>));
    let config: BTreeMap<String, Rc<dyn Reparam>> = each.collect();
    reparam_fn(move |site| config.get(&site.name).cloned(), f)
}

/// Runs `f` with those latent sites in other coordinates that `config` has a [`Reparam`] for. It is asked about the sites
/// that this makes too.
///
/// ```
/// use std::rc::Rc;
///
/// use pyroxene_frontend::{eval, handlers::{LocScaleReparam, Message, Reparam, reparam_fn}, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let decentre = |site: &Message| {
///     let is_new = site.name.ends_with("_decentered");
///     (!is_new && !site.is_observed).then(|| Rc::new(LocScaleReparam::new().centered(0.0)) as Rc<dyn Reparam>)
/// };
/// eval(|| handlers::seed(0, || {
///     let model = || sample("x", Normal::new(3.0, 2.0));
///     let (x, sites) = handlers::trace(|| reparam_fn(decentre, model));
///     assert!(sites.keys().eq(["x_decentered", "x"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
pub fn reparam_fn<R>(
    config: impl Fn(&Message) -> Option<Rc<dyn Reparam>> + 'static,
    f: impl FnOnce() -> R,
) -> R {
    run(Rc::new(Config(config)), f)
}

impl<F: Fn(&Message) -> Option<Rc<dyn Reparam>>> Handler for Config<F> {
    fn process(&self, message: &mut Message) {
        if message.kind != SiteType::Sample {
            return;
        }
        let Some(how) = (self.0)(message) else { return };
        if is_inside_flow(message, "reparam") {
            return;
        }
        if message.value.is_some() {
            let what = if message.is_observed { "is observed" } else { "has a value" };
            let help = "reparametrise latent sites alone; give `NAME_...` a value instead";
            return refuse(message, format!("reparam: the site {what}"), help);
        }
        let Some(distribution) = message.distribution.clone() else { return };
        // A seed inside has given the site a split before the sites that are to stand for it come.
        if let Some(seed) = message.seed.take() {
            message.rng_key = take_key(seed, message.loc.clone());
        }
        let Some(value) = under_masks(message, distribution, &*how) else { return };
        message.kind = SiteType::Deterministic;
        message.value = Some(value);
        message.distribution = None;
        (message.mask, message.scale) = (None, None);
        message.rng_key = None;
        message.kwargs.clear();
        message.infer.clear();
    }
}

/// Applies `how` to what the masks of a distribution are around: the sites that stand for it are masked alike.
fn under_masks(message: &Message, distribution: Rc<dyn Distribution>, how: &dyn Reparam) -> Option<Tensor> {
    match distribution.masked() {
        Some((base, on)) => mask(on, || under_masks(message, base, how)),
        None => {
            how.apply(&ReparamSite { name: &message.name, distribution: &distribution, loc: &message.loc })
        }
    }
}
