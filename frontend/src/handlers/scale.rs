//! `scale`: multiplies log densities.

use std::rc::Rc;

use pyroxene_ir::Loc;

use super::{Handler, Message, SiteType, run};
use crate::{
    primitives::check,
    tensor::{Operand, Tensor},
    trace::{ErrorKind, constant_of, fail},
};

struct Scale(Tensor);

/// Runs `f` with the log density of its sites multiplied by the positive `scale` (NumPyro's `scale`). Nested scales
/// multiply.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let (x, sites) = handlers::trace(|| handlers::scale(10.0, || sample("x", Normal::new(0.0, 1.0))));
///     assert!(sites["x"].scale.is_some());
///     x
/// }))?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded, with this line: a constant that is not positive; the sites are then not scaled. Other scales are tested when
/// data are bound.
#[track_caller]
pub fn scale<R>(scale: impl Operand, f: impl FnOnce() -> R) -> R {
    let (scale, loc) = (scale.into(), Loc::caller());
    if let Some(wrong) =
        constant_of(scale).and_then(|c| c.to_f64_vec().into_iter().find(|x| *x <= 0.0 || x.is_nan()))
    {
        let found = format!("`scale` needs a positive number, found {wrong}");
        let help = "to switch densities off use `mask(false, || ...)`".into();
        fail(ErrorKind::Usage { found, help }, loc);
        return f();
    }
    check("the scale", scale.greater(0.0), scale, "a positive number".into(), loc.clone());
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
