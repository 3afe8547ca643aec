//! `param`: declares a parameter to optimise.

use pyroxene_ir::{Loc, ParamSite, Site, SiteKind};

use super::claim;
use crate::{
    constraints::{self, Support},
    handlers::{Message, MessageKind, dispatch},
    tensor::Tensor,
    trace::{resolve, type_of, with_active},
};

/// The initial value of a parameter and what it must satisfy.
#[derive(Clone)]
pub struct Param {
    init: Tensor,
    constraint: Support,
    event_dim: Option<usize>,
}

impl<T: Into<Tensor>> From<T> for Param {
    #[track_caller]
    fn from(init: T) -> Param {
        Param::new(init)
    }
}

impl Param {
    /// A real parameter with this initial value.
    #[track_caller]
    pub fn new(init: impl Into<Tensor>) -> Param {
        Param { init: init.into(), constraint: constraints::real(), event_dim: None }
    }

    /// What the parameter must satisfy.
    pub fn constraint(self, constraint: Support) -> Param {
        Param { constraint, ..self }
    }

    /// How many of the rightmost dimensions form one event.
    pub fn event_dim(self, n: usize) -> Param {
        Param { event_dim: Some(n), ..self }
    }
}

/// Declares a parameter under `name` and returns its value: the initial one unless a handler gives another
/// (NumPyro's `param`). Log densities and samplers hold it there.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::Param};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sigma = eval(|| param("sigma", Param::new(1.0).constraint(constraints::positive())))?;
/// assert_eq!(sigma.as_slice(), Some(&[1.0][..]));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn param(name: &str, init: impl Into<Param>) -> Tensor {
    let Param { init, constraint, event_dim } = init.into();
    let message = Message::new(MessageKind::Param, name, Loc::caller());
    let message = dispatch(message, |message| {
        let value = *message.value.get_or_insert(init);
        let (Some(v), Some(ty)) = (resolve("param", value, &message.loc), type_of(value)) else { return };
        super::check(constraint.check(value), value, constraint.describe(), message.loc.clone());
        // A parameter may be read again under its name; each reading records its own site.
        let Some(name) = claim(&message.name, &message.loc) else { return };
        let kind = SiteKind::Param(ParamSite { constraint: constraint.describe(), event_dim });
        let site = Site { name, frames: message.frames.clone(), kind };
        message.value = with_active(|t| t.push_site(site, ty, &[v], message.loc.clone()));
    });
    message.value.unwrap_or(init)
}
