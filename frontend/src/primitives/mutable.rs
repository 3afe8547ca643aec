//! `mutable`: state that lives from run to run.

use pyroxene_ir::{Loc, MutableSite, Site, SiteKind};

use super::{claim, refused, refused_inside, site_error};
use crate::{
    handlers::{Message, SiteType, dispatch},
    tensor::{Operand, Tensor},
    trace::{ErrorKind, resolve, type_of, with_active},
};

/// State under `name` that lives from run to run (NumPyro's `mutable`). The first call of a run returns what the last
/// run has left, in the first run `value`; each further call sets what the next run finds, and returns it.
///
/// Draws and SVI thread the state; log densities and samplers hold it at its initial value.
///
/// ```
/// use pyroxene_frontend::{prelude::*, primitives::mutable};
///
/// fn model() {
///     let count = mutable("counter", 0.0);
///     mutable("counter", count + 1.0);
///     sample("x", Normal::new(count, 1.0));
/// }
/// ```
///
/// # Errors
/// Recorded, with this line, when the trace ends: a new value of another type than the first.
#[track_caller]
pub fn mutable(name: &str, value: impl Operand) -> Tensor {
    let (value, loc) = (value.into(), Loc::caller());
    let message = dispatch(Message::new(SiteType::Mutable, name, loc), |message| {
        let (name, loc) = (&message.name, &message.loc);
        if refused(name, loc) || refused_inside("mutable", name, loc) {
            return;
        }
        if message.hidden {
            message.value = message.value.or(Some(value));
            return;
        }
        let first = with_active(|t| t.marks.states.get(&message.name).cloned()).flatten();
        let value = match first {
            // A later call is the model's word on the state, whatever handlers hold the first one at.
            Some(_) => value,
            None => message.value.unwrap_or(value),
        };
        let (Some(v), Some(ty)) = (resolve("mutable", value, &message.loc), type_of(value)) else { return };
        if let Some(other) = first.as_ref().filter(|other| **other != ty) {
            let found = format!("the state is {ty} here and {other} at its first use");
            let help = "give both the same dimensions and element type".into();
            site_error(&message.name, &message.loc, ErrorKind::Usage { found, help });
            return;
        }
        let name = match first {
            Some(_) => message.name.clone(),
            None => match claim(&message.name, &message.loc) {
                Some(name) => name,
                None => return,
            },
        };
        let kind = SiteKind::Mutable(MutableSite { update: first.is_some() });
        let site = Site { name, frames: message.frames.clone(), kind };
        message.value = with_active(|t| {
            t.marks.states.insert(message.name.clone(), ty.clone());
            t.push_site(site, ty, &[v], message.loc.clone())
        });
    });
    message.value.unwrap_or(value)
}
