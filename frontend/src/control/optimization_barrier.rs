//! Values that a compiler computes once, where they stand.

use pyroxene_ir::{Loc, ops};

use crate::{tensor::Tensor, trace::apply};

/// `x` itself, computed once before anything that reads it (JAX's `lax.optimization_barrier`).
///
/// XLA computes a cheap value anew in each loop that reads it. Where a number has many readers and is not that cheap, as
/// random numbers are not, a barrier makes the code shorter and its compilation faster. Derivatives pass through.
///
/// ```
/// use pyroxene_frontend::{optimization_barrier, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let slope = grad(|x: &Tensor| (optimization_barrier(*x * 3.0).square()).sum());
/// let at_two = pyroxene_frontend::eval(|| slope(&Tensor::from([2.0])))?;
/// assert_eq!(at_two.to_f64_vec(), [36.0]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn optimization_barrier(x: Tensor) -> Tensor {
    apply(ops::Barrier, &[x], Loc::caller())
}
