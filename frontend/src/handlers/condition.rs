//! `condition`: turns sample sites into data.

use std::{collections::BTreeMap, rc::Rc};

use super::{GivenKind, Handler, Message, SiteType, Values, run};
use crate::tensor::Tensor;

struct Condition(Values);

/// Runs `f` with the named sample sites observed at these values (NumPyro's `condition`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| {
///     let model = || handlers::condition([("x", 2.0)], || sample("x", Normal::new(0.0, 1.0)));
///     let (x, sites) = handlers::trace(model);
///     assert!(sites["x"].is_observed);
///     x
/// })?;
/// # Ok(()) }
/// ```
#[track_caller]
pub fn condition<N: Into<String>, V: Into<Tensor>, R>(
    values: impl IntoIterator<Item = (N, V)>,
    f: impl FnOnce() -> R,
) -> R {
    let values: BTreeMap<String, Tensor> = values.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
    condition_fn(move |m| values.get(&m.name).copied(), f)
}

/// Runs `f` with those sample sites observed that `value` has a value for (NumPyro's `condition_fn`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sum = eval(|| {
///     let known = |site: &handlers::Message| site.name.starts_with('y').then(|| Tensor::from(3.0));
///     handlers::condition_fn(known, || {
///         sample("y0", Normal::new(0.0, 1.0)) + sample("y1", Normal::new(0.0, 1.0))
///     })
/// })?;
/// assert_eq!(sum.as_slice(), Some(&[6.0][..]));
/// # Ok(()) }
/// ```
pub fn condition_fn<R>(value: impl Fn(&Message) -> Option<Tensor> + 'static, f: impl FnOnce() -> R) -> R {
    run(Rc::new(Condition(Rc::new(value))), f)
}

impl Handler for Condition {
    fn process(&self, message: &mut Message) {
        if message.kind == SiteType::ControlFlow {
            let values = self.0.clone();
            message.give_inside(GivenKind::Condition, move |m| values(m));
        }
        if message.kind != SiteType::Sample || message.within.is_some() {
            return;
        }
        if let Some(value) = (self.0)(message) {
            message.value = Some(value);
            message.is_observed = true;
        }
    }
}
