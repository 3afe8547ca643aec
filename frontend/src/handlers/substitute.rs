//! `substitute`: gives sites values without making them data.

use std::{collections::BTreeMap, rc::Rc};

use super::{GivenKind, Handler, Message, SiteType, run};
use crate::tensor::Tensor;

struct Substitute(BTreeMap<String, Tensor>);

/// Runs `f` with the named sites set to these values; they do not count as observed.
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
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    run(Rc::new(Substitute(values)), f)
}

impl Handler for Substitute {
    fn process(&self, message: &mut Message) {
        if message.kind == SiteType::ControlFlow {
            let values = self.0.clone();
            message.give_inside(GivenKind::Substitute, move |m| values.get(&m.name).copied());
        } else if let Some(value) = self.0.get(&message.name).filter(|_| message.within.is_none()) {
            message.value = Some(*value);
        }
    }
}
