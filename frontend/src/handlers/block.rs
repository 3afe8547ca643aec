//! `block`: hides sites from everything outside.

use std::rc::Rc;

use super::{Handler, Message, SiteType, run};

struct Block<P>(P);

/// Runs `f` with all its sites hidden (NumPyro's `block`): they have values, but no density and no name to the outside.
///
/// A `seed` outside gives keys to what is hidden too, so that draws are the same with and without the block.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let (x, sites) = handlers::trace(|| handlers::block(|| sample("x", Normal::new(0.0, 1.0))));
///     assert!(sites.is_empty());
///     x
/// }))?;
/// # Ok(()) }
/// ```
pub fn block<R>(f: impl FnOnce() -> R) -> R {
    hide_fn(|_| true, f)
}

/// Runs `f` with the named sites hidden (NumPyro's `block(hide=...)`).
pub fn hide<R>(names: impl IntoIterator<Item = impl Into<String>>, f: impl FnOnce() -> R) -> R {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    hide_fn(move |m| names.contains(&m.name), f)
}

/// Runs `f` with all sites hidden but the named ones (NumPyro's `block(expose=...)`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let model = || sample("a", Normal::new(0.0, 1.0)) + sample("b", Normal::new(0.0, 1.0));
///     let (x, sites) = handlers::trace(|| handlers::expose(["a"], model));
///     assert!(sites.keys().eq(["a"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
pub fn expose<R>(names: impl IntoIterator<Item = impl Into<String>>, f: impl FnOnce() -> R) -> R {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    hide_fn(move |m| !names.contains(&m.name), f)
}

/// Runs `f` with all sites hidden but those of the kinds `types` (NumPyro's `block(expose_types=...)`); a factor is of the
/// kind [`SiteType::Sample`] too.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| {
///     let model = || param("w", 1.0) * deterministic("two", 2.0);
///     let (x, sites) = handlers::trace(|| handlers::expose_types([handlers::SiteType::Param], model));
///     assert!(sites.keys().eq(["w"]));
///     x
/// })?;
/// # Ok(()) }
/// ```
pub fn expose_types<R>(types: impl IntoIterator<Item = SiteType>, f: impl FnOnce() -> R) -> R {
    let types: Vec<SiteType> = types.into_iter().collect();
    hide_fn(move |m| !m.kind.is_one_of(&types), f)
}

/// Runs `f` with the sites hidden whose message `is_hidden` holds for (NumPyro's `block(hide_fn=...)`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let model = || sample("x", Normal::new(0.0, 1.0)) + sample("y", Normal::new(0.0, 1.0).obs(1.0));
///     let (sum, sites) = handlers::trace(|| handlers::hide_fn(|site| site.is_observed, model));
///     assert!(sites.keys().eq(["x"]));
///     sum
/// }))?;
/// # Ok(()) }
/// ```
pub fn hide_fn<R>(is_hidden: impl Fn(&Message) -> bool + 'static, f: impl FnOnce() -> R) -> R {
    run(Rc::new(Block(is_hidden)), f)
}

impl<P: Fn(&Message) -> bool> Handler for Block<P> {
    fn process(&self, message: &mut Message) {
        if message.kind != SiteType::PrngKey && (self.0)(message) {
            message.hidden = true;
            message.stop = true;
        }
    }
}
