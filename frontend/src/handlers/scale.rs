//! `scale`: multiplies log densities.

use std::rc::Rc;

use super::{Handler, Message, SiteType, run};
use crate::tensor::Tensor;

struct Scale(Tensor);

/// Runs `f` with the log density of its sites multiplied by the positive `scale`. Nested scales multiply.
#[track_caller]
pub fn scale<R>(scale: impl Into<Tensor>, f: impl FnOnce() -> R) -> R {
    let scale = scale.into();
    let loc = pyroxene_ir::Loc::caller();
    crate::primitives::check("the scale", scale.greater(0.0), scale, "a positive number".into(), loc.clone());
    run(Rc::new(Scale(scale.as_float(loc))), f)
}

impl Handler for Scale {
    fn process(&self, message: &mut Message) {
        if message.kind.is_sample() || matches!(message.kind, SiteType::Param | SiteType::Inspect) {
            message.scale = Some(match message.scale {
                Some(inner) => inner * self.0,
                None => self.0,
            });
        }
    }
}
