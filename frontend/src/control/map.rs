//! A function of each slice, one after another.

use super::scan;
use crate::closure::Tensors;

/// `f` of each slice of `xs` along the first dimension, one after another, the results stacked (JAX's `lax.map`): the
/// memory is that of one call, where [`vmap`](crate::vmap) computes all at once.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let squares = pyroxene_frontend::eval(|| map(Tensor::from([1.0, 2.0, 3.0]), |x| x.square()))?;
/// assert_eq!(squares.to_f64_vec(), [1.0, 4.0, 9.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`scan`].
#[track_caller]
pub fn map<X: Tensors, Y: Tensors>(xs: X, f: impl Fn(&X) -> Y) -> Y {
    scan((), xs, |(), x| ((), f(x))).1
}
