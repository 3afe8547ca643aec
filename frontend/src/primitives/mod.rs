//! Primitives: what a model calls to declare its random variables, parameters and plates.

mod check;
mod deterministic;
mod factor;
mod inspect;
mod literals;
mod module;
mod mutable;
mod param;
mod plate;
mod plate_stack;
mod prng_key;
mod record;
mod sample;
mod subsample;

pub(crate) use check::check;
pub use deterministic::deterministic;
pub use factor::factor;
pub(crate) use factor::factor_at;
pub use inspect::{Inspection, get_mask, inspect};
pub use module::{Module, module, random_module};
pub use mutable::mutable;
pub(crate) use param::param_at;
pub use param::{InitFunction, Param, param};
pub use plate::{Plate, PlateMessenger, plate};
pub use plate_stack::{PlateStack, plate_stack};
pub use prng_key::prng_key;
pub(crate) use prng_key::take_key;
pub(crate) use record::draw_hidden;
pub(crate) use sample::sample_at;
pub use sample::{Observation, Statement, sample};
pub(crate) use subsample::is_taken_twice;
pub use subsample::{subsample, subsample_fn};

use pyroxene_ir::Loc;

use crate::{
    handlers::Message,
    trace::{ErrorKind, TraceError, TraceKind, purpose, report, with_active},
};

/// Claims a site's name in a model; elsewhere makes it unique. `None` where primitives may not be called.
fn claim(name: &str, loc: &Loc) -> Option<String> {
    if refused(name, loc) {
        return None;
    }
    let taken = with_active(|t| t.claim(name, loc))?;
    match (purpose()?, taken) {
        (_, Ok(())) => Some(name.to_string()),
        (TraceKind::Model, Err(first)) => {
            site_error(name, loc, ErrorKind::Duplicate { first });
            None
        }
        (_, Err(_)) => {
            let unique = with_active(|t| t.unclaimed(name))?;
            with_active(|t| t.claim(&unique, loc).ok())?;
            Some(unique)
        }
    }
}

/// Claims the name of a message's site. A hidden site's name is nobody's business: it only has to be unique.
fn claim_for(message: &Message) -> Option<String> {
    if !message.hidden {
        return claim(&message.name, &message.loc);
    }
    claim(&with_active(|t| t.unclaimed(&message.name))?, &message.loc)
}

/// Records the message of a site that has a distribution, or its value: handlers turn one into the other.
pub(crate) fn fill(message: &mut Message) {
    if message.kind.is_sample() { record::record(message) } else { deterministic::record(message) }
}

/// Whether primitives may not be called here, which is reported: closed graphs hold no sites.
fn refused(name: &str, loc: &Loc) -> bool {
    let (found, help) = match purpose() {
        Some(TraceKind::Region) => (
            "a primitive is called inside a distribution's method".to_string(),
            "call it in the model and pass its value as a parameter",
        ),
        Some(TraceKind::Closure(function)) => (
            format!("a primitive is called inside a function given to `{function}`"),
            "call it outside and let the function use its value",
        ),
        _ => return false,
    };
    site_error(name, loc, ErrorKind::Usage { found, help: help.into() });
    true
}

/// Whether a primitive that declares something of the whole program is called inside a loop or branch, which is reported.
fn refused_inside(primitive: &str, name: &str, loc: &Loc) -> bool {
    let Some(TraceKind::Body(function)) = with_active(|t| t.kind) else { return false };
    let found = format!("`{primitive}` is called inside a function given to `{function}`");
    let help = "call it before, and let the function use its value".into();
    site_error(name, loc, ErrorKind::Usage { found, help });
    true
}

fn site_error(site: &str, loc: &Loc, kind: ErrorKind) {
    report(TraceError { loc: loc.clone(), site: Some(site.to_string()), during: None, kind });
}
