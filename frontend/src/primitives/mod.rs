//! Primitives: what a model calls to declare its random variables, parameters and plates.

mod check;
mod deterministic;
mod factor;
mod param;
mod plate;
mod record;
mod sample;

pub(crate) use check::check;
pub use deterministic::deterministic;
pub use factor::factor;
pub use param::{Param, param};
pub use plate::{Plate, plate};
pub use sample::{Observation, Statement, sample};

use pyroxene_ir::Loc;

use crate::trace::{ErrorKind, TraceError, TraceKind, report, with_active};

/// Claims a site's name in a model; elsewhere makes it unique. `None` where primitives may not be called.
fn claim(name: &str, loc: &Loc) -> Option<String> {
    if refused(name, loc) {
        return None;
    }
    let (kind, taken) = with_active(|t| (t.kind, t.claim(name, loc)))?;
    match (kind, taken) {
        (_, Ok(())) => Some(name.to_string()),
        (TraceKind::Model, Err(first)) => {
            site_error(name, loc, ErrorKind::Duplicate { first });
            None
        }
        (TraceKind::Function | TraceKind::Region, Err(_)) => {
            let unique = with_active(|t| t.unclaimed(name))?;
            with_active(|t| t.claim(&unique, loc).ok())?;
            Some(unique)
        }
    }
}

/// Whether primitives may not be called here, which is reported: a distribution's methods run in regions, which hold no
/// sites.
fn refused(name: &str, loc: &Loc) -> bool {
    let inside = with_active(|t| t.kind) == Some(TraceKind::Region);
    if inside {
        let found = "a primitive is called inside a distribution's method".into();
        let help = "call it in the model and pass its value as a parameter".into();
        site_error(name, loc, ErrorKind::Usage { found, help });
    }
    inside
}

fn site_error(site: &str, loc: &Loc, kind: ErrorKind) {
    report(TraceError { loc: loc.clone(), site: Some(site.to_string()), during: None, kind });
}
