//! `do_`: interventions.

use std::{collections::BTreeMap, rc::Rc};

use super::{Handler, Message, SiteType, is_inside_flow, resume, run};
use crate::{primitives::fill, tensor::Tensor};

struct Do(BTreeMap<String, Tensor>);

/// Runs `f` with the named sample sites set from outside (NumPyro's `do`, whose name is a keyword here): code that follows
/// sees these values, while a fresh site of the same name and distribution, whose value nobody uses, takes the place of
/// the old one in densities and draws.
///
/// The values that code sees belong to hidden sites `NAME__CF`. With [`condition`](super::condition) around it, this is
/// the counterfactual of a single-world intervention graph (Richardson and Robins 2013).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let seen = eval(|| handlers::seed(0, || {
///     let model = || sample("z", Normal::new(0.0, 1.0)).square();
///     let (seen, sites) = handlers::trace(|| handlers::do_([("z", 3.0)], model));
///     assert!(!sites["z"].is_observed);
///     seen
/// }))?;
/// assert_eq!(seen.as_slice(), Some(&[9.0][..]));
/// # Ok(()) }
/// ```
///
/// Two interventions on one site are almost certainly a mistake: the inner one holds, and the site's hint
/// `interventions` tells how many there were.
#[track_caller]
pub fn do_<N: Into<String>, V: Into<Tensor>, R>(
    values: impl IntoIterator<Item = (N, V)>,
    f: impl FnOnce() -> R,
) -> R {
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    run(Rc::new(Do(values)), f)
}

impl Handler for Do {
    fn process(&self, message: &mut Message) {
        if message.kind != SiteType::Sample {
            return;
        }
        let Some(value) = self.0.get(&message.name) else { return };
        if is_inside_flow(message, "do_") {
            return;
        }
        let mut fresh = message.clone();
        fresh.interventions += 1;
        if fresh.interventions > 1 {
            fresh.infer.insert("interventions".into(), fresh.interventions.into());
        }
        resume(fresh, self, fill);
        // The fresh site has the key.
        (message.seed, message.rng_key) = (None, None);
        message.name.push_str("__CF");
        message.value = Some(*value);
        message.is_observed = true;
        message.hidden = true;
        message.stop = true;
    }
}
