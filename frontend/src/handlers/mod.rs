//! Effect handlers: closures run under a handler that sees, and may change, every primitive called inside.
//!
//! A primitive is a [`Message`]. Handlers see it from the innermost outwards ([`Handler::process`]), a default
//! fills what is missing, and the same handlers see it again from the outermost back ([`Handler::postprocess`]).
//!
//! NumPyro's handlers take a function and return another. Here a handler takes a closure and runs it, and what composes
//! is closures: `handlers.seed(handlers.condition(model, data), 0)` is
//!
//! ```
//! use pyroxene_frontend::{eval, prelude::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = || sample("x", Normal::new(0.0, 1.0)) + sample("y", Normal::new(0.0, 1.0));
//! let seeded = || handlers::seed(0, || handlers::condition([("y", 1.0)], model));
//! eval(seeded)?;
//! # Ok(()) }
//! ```

mod block;
mod condition;
mod do_;
mod infer_config;
mod lift;
mod mask;
mod message;
mod reparam;
mod replay;
mod scale;
mod scope;
mod seed;
mod substitute;
mod trace;
mod uncondition;

use std::rc::Rc;

pub use block::{block, expose, expose_types, hide, hide_fn};
pub use condition::{condition, condition_fn};
pub use do_::do_;
pub use infer_config::infer_config;
pub use lift::{Prior, lift};
pub use mask::mask;
pub use message::{Argument, Message, Seeding, SiteInfo, SiteType};
pub(crate) use message::{Given, GivenKind, Within};
pub use reparam::{
    CircularReparam, ExplicitReparam, LocScaleReparam, ProjectedNormalReparam, Reparam, ReparamSite,
    TransformReparam, reparam, reparam_fn,
};
pub use replay::replay;
pub use scale::scale;
pub use scope::{Scope, scope};
pub use seed::{Seed, seed};
pub use substitute::{substitute, substitute_fn};
pub use trace::trace;
pub use uncondition::uncondition;

use crate::{
    primitives::PlateMessenger,
    tensor::Tensor,
    trace::{ErrorKind, TraceError, report, with_active},
};

/// Something that sees primitives (NumPyro's `Messenger`). Run code under one with [`run`].
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// use pyroxene_frontend::{eval, handlers::{Handler, Message, SiteType}, prelude::*};
///
/// /// Draws everything from a heavier tail, and keeps a list of what it has changed.
/// #[derive(Default)]
/// struct Robust(RefCell<Vec<String>>);
///
/// impl Handler for Robust {
///     fn process(&self, message: &mut Message) {
///         if message.kind == SiteType::Sample {
///             message.distribution = Some(Rc::new(Cauchy::new(0.0, 1.0)));
///             self.0.borrow_mut().push(message.name.clone());
///         }
///     }
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let robust = Rc::new(Robust::default());
/// eval(|| handlers::seed(0, || handlers::run(robust.clone(), || sample("x", Normal::new(0.0, 1.0)))))?;
/// assert_eq!(*robust.0.borrow(), ["x"]);
/// # Ok(()) }
/// ```
pub trait Handler {
    /// Sees the message on its way out.
    fn process(&self, message: &mut Message);

    /// Sees the message on its way back, when it has its value.
    fn postprocess(&self, message: &mut Message) {
        let _ = message;
    }

    /// The plate that the handler is, if it is one.
    fn plate(&self) -> Option<&PlateMessenger> {
        None
    }

    /// Whether the handler hands out keys: those also see what a `block` inside them hides.
    fn seeds(&self) -> bool {
        false
    }
}

/// What gives some sites a value.
type Values = Rc<dyn Fn(&Message) -> Option<Tensor>>;

/// Reports that a handler cannot do its work at a site.
fn refuse(message: &Message, found: String, help: &str) {
    let (loc, site) = (message.loc.clone(), Some(message.name.clone()));
    report(TraceError { loc, site, during: None, kind: ErrorKind::Usage { found, help: help.into() } });
}

/// Whether the message stands for a site inside `scan` or `cond`, where a handler outside comes too late; reported.
fn is_inside_flow(message: &Message, handler: &str) -> bool {
    if message.within.is_some() {
        let found = format!("{handler}: the site is inside `scan` or `cond`, whose function has run");
        refuse(message, found, &format!("put `{handler}` into the function"));
    }
    message.within.is_some()
}

/// Pops the handlers that were pushed, on unwinding too.
struct Pop(usize);

impl Drop for Pop {
    fn drop(&mut self) {
        // Dropped once the trace is free again: a user's handler may do anything then.
        drop(with_active(|t| t.handlers.split_off(self.0.min(t.handlers.len()))));
    }
}

/// Runs `f` with `handler` as the innermost one.
pub fn run<R>(handler: Rc<dyn Handler>, f: impl FnOnce() -> R) -> R {
    let depth = with_active(|t| {
        t.handlers.push(handler);
        t.handlers.len() - 1
    });
    let guard = depth.map(Pop);
    let result = f();
    drop(guard);
    result
}

/// How many messages may be on their way at once: one more for each handler or method that calls a primitive.
const MAX_DEPTH: usize = 64;

/// Counts a message that is on its way; uncounts it at the end.
struct Depth;

impl Depth {
    /// `None`, which is reported, where primitives call themselves without an end: the stack would overflow.
    fn enter(message: &Message) -> Option<Depth> {
        let depth = with_active(|t| {
            t.counters.depth += 1;
            t.counters.depth
        });
        let depth_guard = Depth;
        if depth.unwrap_or_default() <= MAX_DEPTH {
            return Some(depth_guard);
        }
        let found = format!("primitives are nested {MAX_DEPTH} deep in handlers or methods of distributions");
        let help = "a handler must not call the primitive that it handles".into();
        let (site, loc) = (Some(message.name.clone()), message.loc.clone());
        report(TraceError { loc, site, during: None, kind: ErrorKind::Usage { found, help } });
        None
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        with_active(|t| t.counters.depth = t.counters.depth.saturating_sub(1));
    }
}

/// The handlers around, outermost first.
fn stack() -> Vec<Rc<dyn Handler>> {
    with_active(|t| t.handlers.clone()).unwrap_or_default()
}

/// Sends a message through the stack: out, `fill`, and back.
pub(crate) fn dispatch(message: Message, fill: impl FnOnce(&mut Message)) -> Message {
    send(message, &stack(), &[], fill)
}

/// Sends on a second message of the one that `from` sees: out through the handlers around it, `fill`, and back through
/// all, also those inside, which have seen the first one.
fn resume(message: Message, from: &dyn Handler, fill: impl FnOnce(&mut Message)) -> Message {
    let stack = stack();
    let at = stack.iter().position(|h| std::ptr::addr_eq(Rc::as_ptr(h), from)).unwrap_or(stack.len());
    let (around, inside) = stack.split_at(at);
    send(message, around, inside, fill)
}

fn send(
    mut message: Message,
    out: &[Rc<dyn Handler>],
    back: &[Rc<dyn Handler>],
    fill: impl FnOnce(&mut Message),
) -> Message {
    let Some(_depth) = Depth::enter(&message) else { return message };
    let mut visited = Vec::with_capacity(out.len() + back.len());
    for handler in out.iter().rev() {
        if message.stop && !handler.seeds() {
            continue;
        }
        handler.process(&mut message);
        visited.push(handler);
    }
    fill(&mut message);
    for handler in visited.into_iter().rev().chain(back) {
        handler.postprocess(&mut message);
    }
    message
}
