//! Loops over a range of integers.

use pyroxene_ir::Loc;

use super::{Scan, while_loop};
use crate::{
    closure::Tensors,
    tensor::Tensor,
    trace::{ErrorKind, fail, weak_integer},
};

/// The state after `body(i, state)` for each `i` from `lower` up to `upper`, without it (JAX's `lax.fori_loop`).
///
/// With literal bounds it is a [`scan`](crate::scan), and derivatives pass in both modes; with bounds that are tensors a
/// [`while_loop`], through which they pass forwards only.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let factorial = pyroxene_frontend::eval(|| fori_loop(1, 6, Tensor::from(1i64), |i, p| *p * i))?;
/// assert_eq!(factorial.as_slice::<i64>(), Some(&[120][..]));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: bounds that are no integer scalars, a state whose type changes.
#[track_caller]
pub fn fori_loop<C: Tensors>(
    lower: impl Into<Tensor>,
    upper: impl Into<Tensor>,
    init: C,
    body: impl Fn(Tensor, &C) -> C,
) -> C {
    let (lower, upper, loc) = (lower.into(), upper.into(), Loc::caller());
    if let (Some(from), Some(to)) = (weak_integer(lower), weak_integer(upper)) {
        let n = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
        return Scan::over(Tensor::arange(n) + from).run(init, |c, i| (body(*i, c), ())).0;
    }
    for bound in [lower, upper] {
        if bound.rank() > 0 || !bound.dtype().is_integer() && !bound.is_poison() {
            let found = format!("fori_loop: a bound is {}", bound.ty());
            fail(ErrorKind::Usage { found, help: "give integers".into() }, loc);
            return crate::closure::with_leaves(&init, &[]);
        }
    }
    let step = |(i, state): &(Tensor, C)| (*i + 1i64, body(*i, state));
    let start = lower.convert(upper.dtype());
    while_loop((start, init), |(i, _): &(Tensor, C)| i.less(upper), step).1
}
