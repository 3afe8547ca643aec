//! `param`: declares a parameter to optimise.

use std::rc::Rc;

use indexmap::IndexMap;
use pyroxene_ir::{Graph, Loc, ParamSite, RegionId, Site, SiteKind, Ty};

use super::{claim, fill, prng_key::initial_key, site_error};
use crate::{
    constraints::{self, Support},
    handlers::{Argument, Message, SiteType, dispatch},
    random::Key,
    tensor::{Operand, Tensor},
    trace::{Captures, ErrorKind, region, resolve, type_of, with_active},
};

/// What makes a parameter's initial value (the document's `InitFunction`).
#[derive(Clone)]
pub enum InitFunction {
    /// This value.
    Value(Tensor),
    /// A function of a key, which [`prng_key`](super::prng_key) gives.
    Key(Rc<dyn Fn(Key) -> Tensor>),
    /// What this function gives, which is asked only if no handler gives a value; none after an error that it reports.
    Lazy(Rc<dyn Fn() -> Option<Tensor>>),
    /// Nothing: a handler, such as an optimiser's, must give the value.
    Absent,
}

/// The initial value of a parameter and what it must satisfy.
#[derive(Clone)]
pub struct Param {
    init: InitFunction,
    constraint: Support,
    event_dim: Option<usize>,
    kwargs: IndexMap<String, Argument>,
    loc: Option<Loc>,
}

impl<T: Into<Tensor>> From<T> for Param {
    #[track_caller]
    fn from(init: T) -> Param {
        Param::new(init)
    }
}

impl Param {
    pub(super) fn of(init: InitFunction) -> Param {
        Param { init, constraint: constraints::real(), event_dim: None, kwargs: IndexMap::new(), loc: None }
    }

    /// A real parameter with this initial value.
    #[track_caller]
    pub fn new(init: impl Operand) -> Param {
        Param::of(InitFunction::Value(init.into()))
    }

    /// A real parameter with an initial value made with a random key.
    pub fn init(init: impl Fn(Key) -> Tensor + 'static) -> Param {
        Param::of(InitFunction::Key(Rc::new(init)))
    }

    /// A real parameter without an initial value: a handler must give one.
    pub fn absent() -> Param {
        Param::of(InitFunction::Absent)
    }

    /// What the parameter must satisfy.
    pub fn constraint(self, constraint: Support) -> Param {
        Param { constraint, ..self }
    }

    /// How many of the rightmost dimensions form one event. Inside a plate that subsamples, the elements of the
    /// parameter that belong to the subsample are taken along the plate's dimension to the left of them.
    pub fn event_dim(self, n: usize) -> Param {
        Param { event_dim: Some(n), ..self }
    }

    /// A further keyword setting, which handlers see.
    pub fn kwarg(mut self, name: &str, value: Argument) -> Param {
        self.kwargs.insert(name.into(), value);
        self
    }

    /// The same for messages to place at this line rather than the caller's, if there is one: for algorithms that record
    /// parameters on behalf of a user's site.
    pub fn at_line(self, loc: Option<Loc>) -> Param {
        Param { loc: loc.or(self.loc), ..self }
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
/// let weights = || param("weights", Param::init(|key| random::normal(key, &[10, 5], DType::F64)));
/// assert_eq!(eval(|| handlers::seed(0, weights))?.dims(), [10, 5]);
/// # Ok(()) }
/// ```
///
/// Read again under its name, a parameter keeps its first value.
///
/// # Errors
/// Recorded, with this line, when the trace ends: an absent initial value that no handler replaces, one of other
/// dimensions than at the first reading, a function of a key
/// where there is none, a value out of its constraint.
#[track_caller]
pub fn param(name: &str, init: impl Into<Param>) -> Tensor {
    let mut init = init.into();
    // Called here: a function that is passed on has no caller.
    let here = Loc::caller();
    let loc = init.loc.take().unwrap_or(here);
    param_at(name, init, loc)
}

pub(crate) fn param_at(name: &str, init: Param, loc: Loc) -> Tensor {
    let Param { init, constraint, event_dim, kwargs, loc: _ } = init;
    let mut message = Message::new(SiteType::Param, name, loc);
    if let InitFunction::Value(init) = &init {
        message.args.push(Argument::Tensor(*init));
    }
    message.kwargs = kwargs;
    message.kwargs.insert("constraint".into(), Argument::Constraint(constraint.clone()));
    if let Some(n) = event_dim {
        message.kwargs.insert("event_dim".into(), Argument::Int(n as i64));
    }
    let message = dispatch(message, |message| {
        if super::refused_inside("param", &message.name, &message.loc) {
            return;
        }
        if message.kind != SiteType::Param {
            return fill(message);
        }
        // Read again, a parameter is the same value.
        if let Some((known, first)) =
            with_active(|t| t.param_of(&message.name)).flatten().filter(|_| !message.hidden)
        {
            message.value = again(known, &first, &init, message);
            return;
        }
        let Some(value) = message.value.or_else(|| initial(&init, message)) else { return };
        message.value = Some(value);
        let (Some(v), Some(ty)) = (resolve("param", value, &message.loc), type_of(value)) else { return };
        let subject = format!("param `{}`", message.name);
        super::check(&subject, constraint.check(value), value, constraint.describe(), message.loc.clone());
        if message.hidden {
            return;
        }
        let Some(name) = claim(&message.name, &message.loc) else { return };
        let mut captures = Captures::default();
        let bijection = bijection(message, &constraint, &ty, &mut captures);
        let (constrain, unconstrain) = bijection.map_or((None, None), |(c, u)| (Some(c), Some(u)));
        let constraint = constraint.describe();
        let param = ParamSite { constraint, event_dim, given: false, constrain, unconstrain };
        let site = Site { name, frames: message.frames.clone(), kind: SiteKind::Param(param) };
        let captures = captures.tensors().into_iter().map(|c| resolve("param", c, &message.loc));
        let Some(operands) = std::iter::once(Some(v)).chain(captures).collect::<Option<Vec<_>>>() else {
            return;
        };
        message.value = with_active(|t| t.push_site(site, ty, &operands, message.loc.clone()));
    });
    message.value.unwrap_or(Tensor::POISON)
}

/// The regions that lead from unconstrained space to the constraint and back; none for what has no bijection.
fn bijection(
    message: &Message,
    constraint: &Support,
    ty: &Ty,
    captures: &mut Captures,
) -> Option<(RegionId, RegionId)> {
    let t = constraint.bijector().filter(|_| ty.dtype.is_float())?;
    let u = Ty::new(ty.dtype, t.inverse_dims(&ty.dims));
    let mut record = |name, ty, f: &dyn Fn(Tensor) -> Tensor| {
        let arg = [(name, ty)];
        region(&message.name, &message.loc, &arg, captures, |a| vec![f(a[0])])
    };
    let constrain = record("u", u.clone(), &|u| t.forward(u).convert(ty.dtype))?;
    let unconstrain = record("value", ty.clone(), &|value| t.inverse(value).convert(ty.dtype))?;
    let makes = |graph: &Graph, ty: &Ty| graph.outputs().iter().all(|v| graph.ty(*v) == ty);
    if !makes(&constrain, ty) || !makes(&unconstrain, &u) {
        let found = format!("a parameter of type {ty}, which no value on unconstrained space leads to");
        let help = format!("give it dimensions that fit its constraint: {}", constraint.describe());
        site_error(&message.name, &message.loc, ErrorKind::Usage { found, help });
        return None;
    }
    with_active(|t| (t.add_region(constrain), t.add_region(unconstrain)))
}

/// The value of a parameter declared before, unless this initial value has another type, which is reported.
fn again(known: Tensor, first: &Loc, init: &InitFunction, message: &Message) -> Option<Tensor> {
    let (ty, value) = (type_of(known)?, message.value);
    let other = match (init, value) {
        (InitFunction::Value(init), None) => type_of(*init).filter(|init| init.dims != ty.dims),
        _ => None,
    };
    let Some(other) = other else { return value.or(Some(known)) };
    let found =
        format!("an initial value of type {other} for the parameter of type {ty} declared at {first}");
    let help = "give it a name of its own, or the same initial value".into();
    site_error(&message.name, &message.loc, ErrorKind::Usage { found, help });
    None
}

fn initial(init: &InitFunction, message: &Message) -> Option<Tensor> {
    let wrong = |found: &str, help: &str| {
        let kind = ErrorKind::Usage { found: found.into(), help: help.into() };
        site_error(&message.name, &message.loc, kind);
        None
    };
    match init {
        InitFunction::Value(value) => Some(*value),
        InitFunction::Key(f) => match initial_key(&message.name, message.loc.clone()) {
            Some(key) => Some(f(key)),
            None => wrong(
                "the initial value is a function of a random key, and there is none",
                "put the call inside `seed(key, || ...)`",
            ),
        },
        InitFunction::Lazy(f) => f(),
        InitFunction::Absent => wrong(
            "the parameter has no initial value and no handler gives it one",
            "state one, as in `param(name, 1.0)`, or run the model under `substitute`",
        ),
    }
}
