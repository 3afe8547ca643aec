//! Effect handlers: closures run under a handler that sees, and may change, every primitive called inside.
//!
//! A primitive is a [`Message`]. Handlers see it from the innermost outwards ([`Handler::process`]), a default
//! fills what is missing, and the same handlers see it again from the outermost back ([`Handler::postprocess`]).

mod block;
mod condition;
mod mask;
mod message;
mod scale;
mod seed;
mod substitute;
mod trace;

use std::rc::Rc;

pub use block::{block, hide};
pub use condition::condition;
pub use mask::mask;
pub use message::{Argument, Message, Seeding, SiteInfo, SiteType};
pub(crate) use message::{Given, GivenKind, Within};
pub use scale::scale;
pub use seed::seed;
pub use substitute::substitute;
pub use trace::trace;

use crate::{
    primitives::PlateMessenger,
    trace::{ErrorKind, TraceError, report, with_active},
};

/// Something that sees primitives. Run code under one with [`run`].
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

/// Sends a message through the stack: out, `fill`, and back.
pub(crate) fn dispatch(mut message: Message, fill: impl FnOnce(&mut Message)) -> Message {
    let Some(_depth) = Depth::enter(&message) else { return message };
    let stack: Vec<Rc<dyn Handler>> = with_active(|t| t.handlers.clone()).unwrap_or_default();
    let mut visited = Vec::with_capacity(stack.len());
    for handler in stack.iter().rev() {
        if message.stop && !handler.seeds() {
            continue;
        }
        handler.process(&mut message);
        visited.push(handler);
    }
    fill(&mut message);
    for handler in visited.iter().rev() {
        handler.postprocess(&mut message);
    }
    message
}
