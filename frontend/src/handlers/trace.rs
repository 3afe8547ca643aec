//! `trace`: collects the sites that code calls.

use std::{cell::RefCell, rc::Rc};

use indexmap::IndexMap;

use super::{Handler, Message, SiteInfo, run};

struct Tracer(RefCell<IndexMap<String, SiteInfo>>);

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
pub fn trace<R>(f: impl FnOnce() -> R) -> (R, IndexMap<String, SiteInfo>) {
    let tracer = Rc::new(Tracer(RefCell::default()));
    let result = run(tracer.clone(), f);
    let sites = tracer.0.borrow().clone();
    (result, sites)
}

impl Handler for Tracer {
    fn process(&self, _message: &mut Message) {}

    fn postprocess(&self, message: &mut Message) {
        if message.name.is_empty() {
            return;
        }
        if let Some(info) = SiteInfo::of(message) {
            self.0.borrow_mut().insert(message.name.clone(), info);
        }
    }
}
