//! `scope`: puts a prefix before names.

use std::rc::Rc;

use super::{Handler, Message, SiteType, run};

/// A prefix for the names of sites; see [`scope`].
///
/// ```
/// use pyroxene_frontend::{eval, handlers::{Scope, SiteType}, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let model = || sample("x", Normal::new(param("w", 1.0), 1.0));
///     let scope = Scope::new("a").divider(".").hide_types([SiteType::Param]);
///     let (x, sites) = handlers::trace(|| scope.run(model));
///     assert!(sites.keys().eq(["w", "a.x"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Scope {
    prefix: String,
    divider: String,
    hide_types: Vec<SiteType>,
}

/// Runs `f` with `PREFIX/` before the names of all its sites and plates (NumPyro's `scope`). Scopes nest, the outer one
/// first; handlers inside see the short names, those outside the long ones.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let regression = || sample("slope", Normal::new(0.0, 1.0));
///     let (sum, sites) = handlers::trace(|| {
///         handlers::scope("east", regression) + handlers::scope("west", regression)
///     });
///     assert!(sites.keys().eq(["east/slope", "west/slope"]));
///     sum
/// }))?;
/// # Ok(()) }
/// ```
pub fn scope<R>(prefix: &str, f: impl FnOnce() -> R) -> R {
    Scope::new(prefix).run(f)
}

impl Scope {
    /// A prefix and `/` before every name.
    pub fn new(prefix: &str) -> Scope {
        Scope { prefix: prefix.into(), divider: "/".into(), hide_types: Vec::new() }
    }

    /// The same with another word between prefix and name.
    pub fn divider(self, divider: &str) -> Scope {
        Scope { divider: divider.into(), ..self }
    }

    /// The same, which leaves sites of these kinds their names.
    pub fn hide_types(self, types: impl IntoIterator<Item = SiteType>) -> Scope {
        Scope { hide_types: types.into_iter().collect(), ..self }
    }

    /// Runs `f` with the prefix.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        run(Rc::new(self.clone()), f)
    }

    fn put_before(&self, name: &mut String) {
        name.insert_str(0, &self.divider);
        name.insert_str(0, &self.prefix);
    }
}

impl Handler for Scope {
    fn process(&self, message: &mut Message) {
        if !message.name.is_empty() && !message.kind.is_one_of(&self.hide_types) {
            self.put_before(&mut message.name);
        }
        if message.kind == SiteType::ControlFlow && !SiteType::Sample.is_one_of(&self.hide_types) {
            self.put_before(&mut message.prefix_inside);
        }
        // The plates so far are those inside the scope.
        if !self.hide_types.contains(&SiteType::Plate) {
            message.frames.iter_mut().for_each(|frame| self.put_before(&mut frame.name));
        }
    }
}
