//! `block`: hides sites from everything outside.

use std::rc::Rc;

use super::{Handler, Message, SiteType, run};

struct Block<P>(P);

/// Runs `f` with all its sites hidden: they have values, but no density and no name to the outside.
pub fn block<R>(f: impl FnOnce() -> R) -> R {
    run(Rc::new(Block(|_: &Message| true)), f)
}

/// Runs `f` with the named sites hidden.
pub fn hide<R>(names: impl IntoIterator<Item = impl Into<String>>, f: impl FnOnce() -> R) -> R {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    run(Rc::new(Block(move |m: &Message| names.contains(&m.name))), f)
}

impl<P: Fn(&Message) -> bool> Handler for Block<P> {
    fn process(&self, message: &mut Message) {
        if !matches!(message.kind, SiteType::Plate | SiteType::PrngKey) && (self.0)(message) {
            message.hidden = true;
            message.stop = true;
        }
    }
}
