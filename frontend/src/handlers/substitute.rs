//! `substitute`: gives sites values without making them data.

use std::{collections::BTreeMap, rc::Rc};

use super::{GivenKind, Handler, Message, SiteType, Values, run};
use crate::tensor::Tensor;

struct Substitute(Values);

/// Runs `f` with the named sites set to these values; they do not count as observed (NumPyro's `substitute`).
///
/// Sample, param, mutable and deterministic sites take values, and a plate its indices.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| handlers::substitute([("x", 2.0)], || sample("x", Normal::new(0.0, 1.0)) + 1.0))?;
/// assert_eq!(x.as_slice(), Some(&[3.0][..]));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn substitute<N: Into<String>, V: Into<Tensor>, R>(
    values: impl IntoIterator<Item = (N, V)>,
    f: impl FnOnce() -> R,
) -> R {
    let values: BTreeMap<String, Tensor> = values.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
    substitute_fn(move |m| values.get(&m.name).copied(), f)
}

/// Runs `f` with those sites set that `value` has a value for (NumPyro's `substitute_fn`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Every latent site at the mean of its distribution.
/// let mean = |site: &handlers::Message| site.distribution.as_ref()?.mean().filter(|_| site.value.is_none());
/// let x = eval(|| handlers::substitute_fn(mean, || sample("x", Exponential::new(0.5))))?;
/// assert_eq!(x.as_slice(), Some(&[2.0][..]));
/// # Ok(()) }
/// ```
pub fn substitute_fn<R>(value: impl Fn(&Message) -> Option<Tensor> + 'static, f: impl FnOnce() -> R) -> R {
    run(Rc::new(Substitute(Rc::new(value))), f)
}

impl Handler for Substitute {
    fn process(&self, message: &mut Message) {
        if message.kind == SiteType::ControlFlow {
            let values = self.0.clone();
            message.give_inside(GivenKind::Substitute, move |m| values(m));
        }
        let takes_values = matches!(
            message.kind,
            SiteType::Sample
                | SiteType::Param
                | SiteType::Mutable
                | SiteType::Plate
                | SiteType::Deterministic
        );
        if takes_values
            && message.within.is_none()
            && let Some(value) = (self.0)(message)
        {
            message.value = Some(value);
        }
    }
}
