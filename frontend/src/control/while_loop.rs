//! Loops whose end is found while they run.

use std::sync::Arc;

use pyroxene_ir::{DType, Loc, Ty, ops};

use super::carry::settle;
use crate::{
    closure::{Tensors, close, rewired, types, with_leaves, wrong_leaf},
    tensor::Tensor,
    trace::{Captures, ErrorKind, apply_all, fail},
};

/// The state that `body` leads to while `cond` holds, from `init` on (JAX's `lax.while_loop`). Both are recorded once.
///
/// Derivatives pass forwards only, since the number of iterations is known only when they are done: for reverse ones use
/// [`scan`](crate::scan), or [`fori_loop`](crate::fori_loop) with fixed bounds.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let power = pyroxene_frontend::eval(|| while_loop(Tensor::from(1.0), |x| x.less(100.0), |x| *x * 2.0))?;
/// assert_eq!(power.to_f64_vec(), [128.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a condition that is not one truth value, a state whose type changes.
#[track_caller]
pub fn while_loop<C: Tensors>(init: C, cond: impl Fn(&C) -> Tensor, body: impl Fn(&C) -> C) -> C {
    let loc = Loc::caller();
    let looped = || -> Option<C> {
        let mut captures = Captures::default();
        let record = |carries: &[Ty]| {
            captures = Captures::default();
            close("while_loop", &loc, &init, carries, &mut captures, &body)
        };
        let (carries, step) = settle("while_loop", &init, record, &loc)?;
        let own = captures.tensors().len();
        let tys = types(&carries)?;
        let test = close("while_loop", &loc, &init, &tys, &mut captures, &cond)?.graph;
        let result = test.ty(test.outputs()[0]);
        if *result != Ty::scalar(DType::Bool) {
            wrong_leaf(
                "while_loop",
                "condition",
                result,
                "it must be one truth value, as by `.less(..)`",
                &loc,
            );
            return None;
        }
        if carries.is_empty() {
            let found = "while_loop: the state has no tensors".to_string();
            fail(ErrorKind::Usage { found, help: "give it what the condition reads".into() }, loc.clone());
            return None;
        }
        let captured = captures.tensors();
        let (c, k) = (carries.len(), captured.len());
        let tys = [types(&captured)?, tys].concat();
        let places = |captured: usize| (k..k + c).chain(0..captured).collect::<Vec<_>>();
        let closed = |graph, captured: usize| {
            let wired = rewired(graph, &tys, &places(captured));
            wired.map(Arc::new).map_err(|e| fail(ErrorKind::Type(e), loc.clone())).ok()
        };
        let op = ops::While { cond: closed(&test, k)?, body: closed(&step.graph, own)? };
        let operands = [captured, carries].concat();
        Some(with_leaves(&init, &apply_all(op, &operands, c, loc.clone())))
    };
    looped().unwrap_or_else(|| with_leaves(&init, &[]))
}
