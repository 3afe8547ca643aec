//! `mask`: switches densities off.

use std::rc::Rc;

use super::{Handler, Message, SiteType, run};
use crate::{
    tensor::{Operand, Tensor},
    trace::{self, is_constant},
};

struct Mask(Tensor);

/// Runs `f` with the density of its sample sites only where `mask` holds. Nested masks must all hold.
///
/// Where it does not hold, neither values nor parameters reach a gradient: NaN in masked data is harmless.
#[track_caller]
pub fn mask<R>(mask: impl Operand, f: impl FnOnce() -> R) -> R {
    let mask = mask.into();
    if !mask.is_poison() && mask.dtype() != pyroxene_ir::DType::Bool {
        let found = format!("`mask` needs truth values, found {}", mask.ty());
        let help = "compare first, as in `mask(x.greater(0.0), || ...)`".into();
        trace::fail(trace::ErrorKind::Usage { found, help }, pyroxene_ir::Loc::caller());
        return f();
    }
    run(Rc::new(Mask(mask)), f)
}

/// Where both masks are on. A constant decides alone, so that code can see that all is off.
fn both(inner: Tensor, outer: Tensor) -> Tensor {
    match (inner, outer) {
        (on, other) | (other, on) if is_constant(on, true) && on.rank() == 0 => other,
        (off, _) | (_, off) if off.is_false() && off.rank() == 0 => off,
        _ => inner & outer,
    }
}

impl Handler for Mask {
    fn process(&self, message: &mut Message) {
        if message.kind.is_sample() || message.kind == SiteType::Inspect {
            message.mask = Some(match message.mask {
                Some(inner) => both(inner, self.0),
                None => self.0,
            });
        }
    }
}
