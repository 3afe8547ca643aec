//! `condition`: turns sample sites into data.

use std::{collections::BTreeMap, rc::Rc};

use super::{GivenKind, Handler, Message, SiteType, run};
use crate::tensor::Tensor;

struct Condition(BTreeMap<String, Tensor>);

/// Runs `f` with the named sample sites observed at these values.
#[track_caller]
pub fn condition<N: Into<String>, V: Into<Tensor>, R>(
    values: impl IntoIterator<Item = (N, V)>,
    f: impl FnOnce() -> R,
) -> R {
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    run(Rc::new(Condition(values)), f)
}

impl Handler for Condition {
    fn process(&self, message: &mut Message) {
        if message.kind == SiteType::ControlFlow {
            let values = self.0.clone();
            message.give_inside(GivenKind::Condition, move |m| values.get(&m.name).copied());
        }
        if message.kind != SiteType::Sample || message.within.is_some() {
            return;
        }
        if let Some(value) = self.0.get(&message.name) {
            message.value = Some(*value);
            message.is_observed = true;
        }
    }
}
