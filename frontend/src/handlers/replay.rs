//! `replay`: gives sites the values of a trace.

use std::rc::Rc;

use indexmap::IndexMap;

use super::{GivenKind, Handler, Message, SiteInfo, SiteType, refuse, run};
struct Replay(IndexMap<String, SiteInfo>);

/// Runs `f` with its latent sample sites and its plates at the values, the hints and the indices that they have in `sites`,
/// which [`trace`](super::trace) has collected in the same trace (NumPyro's `replay`). Other sites stay as they are.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let difference = eval(|| {
///     let model = || sample("x", Normal::new(0.0, 1.0));
///     let (x, sites) = handlers::seed(0, || handlers::trace(model));
///     handlers::seed(1, || handlers::replay(&sites, model)) - x
/// })?;
/// assert_eq!(difference.as_slice(), Some(&[0.0][..]));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded, with the line of the site in `f`: one that is a latent sample site here and not there, or a plate here and
/// not there.
pub fn replay<R>(sites: &IndexMap<String, SiteInfo>, f: impl FnOnce() -> R) -> R {
    run(Rc::new(Replay(sites.clone())), f)
}

impl Handler for Replay {
    fn process(&self, message: &mut Message) {
        if message.kind == SiteType::ControlFlow {
            let sites = self.0.clone();
            message.give_inside(GivenKind::Replay, move |m| sites.get(&m.name).map(|site| site.value));
        }
        let Some(site) = self.0.get(&message.name).filter(|_| message.within.is_none()) else { return };
        let (fits, wanted) = match message.kind {
            SiteType::Plate => (site.kind == SiteType::Plate, "a plate"),
            SiteType::Sample if !message.is_observed => {
                (site.kind == SiteType::Sample && !site.is_observed, "a sample site that is not observed")
            }
            _ => return,
        };
        if !fits {
            let observed = if site.is_observed { "an observed " } else { "a " };
            let found = format!(
                "replay: it is {wanted} here and {observed}{} site in the trace, at {}",
                site.kind.name(),
                site.loc
            );
            let help = "replay the trace of a function whose sites of the same names are alike, or `block` the site there";
            return refuse(message, found, help);
        }
        message.value = Some(site.value);
        if message.kind == SiteType::Sample {
            message.infer = site.infer.clone();
        }
    }
}
