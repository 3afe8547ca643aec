//! `trace`: collects the sites that code calls.

use std::{cell::RefCell, rc::Rc};

use indexmap::IndexMap;
use pyroxene_ir::Frame;

use super::{Handler, Message, MessageKind, run};
use crate::{distributions::Distribution, tensor::Tensor};

/// A site as `trace` has seen it.
#[derive(Clone)]
pub struct SiteRecord {
    /// What the primitive is.
    pub kind: MessageKind,
    /// The distribution of a sample site.
    pub distribution: Option<Rc<dyn Distribution>>,
    /// The value.
    pub value: Tensor,
    /// Whether the value counts as data.
    pub is_observed: bool,
    /// The plates around it, outermost first.
    pub frames: Vec<Frame>,
}

struct Tracer(RefCell<IndexMap<String, SiteRecord>>);

/// Runs `f` and returns its result with its sites, in program order, as they look from here.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| {
///     let model = || sample("x", Normal::new(0.0, 1.0).obs(3.0));
///     let (x, sites) = handlers::trace(model);
///     assert!(sites["x"].is_observed);
///     x
/// })?;
/// # Ok(()) }
/// ```
pub fn trace<R>(f: impl FnOnce() -> R) -> (R, IndexMap<String, SiteRecord>) {
    let tracer = Rc::new(Tracer(RefCell::default()));
    let result = run(tracer.clone(), f);
    let sites = tracer.0.borrow().clone();
    (result, sites)
}

impl Handler for Tracer {
    fn process(&self, _message: &mut Message) {}

    fn postprocess(&self, message: &mut Message) {
        let Some(value) = message.value else { return };
        let record = SiteRecord {
            kind: message.kind,
            distribution: message.distribution.clone(),
            value,
            is_observed: message.is_observed,
            frames: message.frames.clone(),
        };
        self.0.borrow_mut().insert(message.name.clone(), record);
    }
}
