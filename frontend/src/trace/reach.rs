//! Which values of a trace others are computed from.

use pyroxene_ir::{Loc, passes};

use super::{resolve, with_active};
use crate::tensor::Tensor;

/// Whether each of `values` is computed from `source`, whatever the way (provenance): also where no derivative passes.
///
/// ```
/// use pyroxene_frontend::{Tensor, computed_from, eval};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| {
///     let (x, y) = (Tensor::from([1.0]).exp(), Tensor::from([2.0]).exp());
///     assert_eq!(computed_from(x, &[x * y, y, x.stop_gradient()]), [true, false, true]);
///     x
/// })?;
/// # Ok(()) }
/// ```
#[track_caller]
pub fn computed_from(source: Tensor, values: &[Tensor]) -> Vec<bool> {
    let loc = Loc::caller();
    let source = resolve("computed_from", source, &loc);
    let values: Vec<_> = values.iter().map(|v| resolve("computed_from", *v, &loc)).collect();
    let reached = with_active(|t| source.map(|source| passes::influences(&t.graph, &[source])));
    let Some(reached) = reached.flatten() else { return vec![false; values.len()] };
    values.into_iter().map(|v| v.is_some_and(|v| reached[v.index()])).collect()
}
