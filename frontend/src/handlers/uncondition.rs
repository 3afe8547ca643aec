//! `uncondition`: draws what is observed.

use std::rc::Rc;

use super::{Argument, Handler, Message, SiteType, is_inside_flow, run};
use crate::primitives::prng_key;

struct Uncondition;

/// Runs `f` with its observed sample sites drawn from their distributions instead (NumPyro's `uncondition`).
///
/// Such a site has the hint `was_observed`, and the value that it had as its argument `obs` (among
/// [`kwargs`](super::SiteInfo::kwargs), since hints are no tensors).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, Hint};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let y = eval(|| handlers::seed(0, || {
///     let model = || sample("y", Normal::new(0.0, 1.0).obs(1.5));
///     let (y, sites) = handlers::trace(|| handlers::uncondition(model));
///     assert!(!sites["y"].is_observed);
///     assert_eq!(sites["y"].infer["was_observed"], Hint::Bool(true));
///     y
/// }))?;
/// assert_ne!(y.as_slice(), Some(&[1.5][..]));
/// # Ok(()) }
/// ```
pub fn uncondition<R>(f: impl FnOnce() -> R) -> R {
    run(Rc::new(Uncondition), f)
}

impl Handler for Uncondition {
    fn process(&self, message: &mut Message) {
        if !message.kind.is_sample() || !message.is_observed {
            return;
        }
        if is_inside_flow(message, "uncondition") {
            return;
        }
        // A seed inside has passed the site by, since it had a value.
        if message.rng_key.is_none() {
            message.rng_key = prng_key();
        }
        // A factor has nothing to draw; as in NumPyro its key is taken all the same.
        if message.kind == SiteType::Factor {
            message.rng_key = None;
            return;
        }
        message.is_observed = false;
        message.infer.insert("was_observed".into(), true.into());
        if let Some(value) = message.value.take() {
            message.kwargs.insert("obs".into(), Argument::Tensor(value));
        }
    }
}
