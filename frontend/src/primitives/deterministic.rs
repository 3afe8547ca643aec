//! `deterministic`: keeps a computed value under a name.

use pyroxene_ir::{Loc, Site, SiteKind};

use super::claim;
use crate::{
    handlers::{Message, SiteType, dispatch},
    tensor::{Operand, Tensor},
    trace::{resolve, type_of, with_active},
};

/// Keeps `value` under `name`, so that it appears among the draws (NumPyro's `deterministic`); returns it.
///
/// Plates and masks around it leave it as it is.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// fn model() {
///     let x = sample("x", Normal::new(0.0, 1.0));
///     let y = sample("y", Normal::new(0.0, 1.0));
///     deterministic("sum", x + y);
/// }
/// ```
#[track_caller]
pub fn deterministic(name: &str, value: impl Operand) -> Tensor {
    deterministic_at(name, value.into(), Loc::caller())
}

pub(super) fn deterministic_at(name: &str, value: Tensor, loc: Loc) -> Tensor {
    let mut message = Message::new(SiteType::Deterministic, name, loc);
    message.value = Some(value);
    let message = dispatch(message, record);
    message.value.unwrap_or(value)
}

pub(super) fn record(message: &mut Message) {
    let Some(value) = message.value.filter(|_| !message.hidden) else { return };
    let (Some(v), Some(ty)) = (resolve("deterministic", value, &message.loc), type_of(value)) else { return };
    let Some(name) = claim(&message.name, &message.loc) else { return };
    let site = Site { name, frames: message.frames.clone(), kind: SiteKind::Deterministic };
    message.value = with_active(|t| t.push_site(site, ty, &[v], message.loc.clone()));
}
