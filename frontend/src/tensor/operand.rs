//! Operands: what stands for a value where a model is written.

use super::Tensor;

/// A literal, an array or a tensor (NumPyro's `ArrayLike`): a number takes the element type of what it meets, as JAX's
/// weak types do.
///
/// ```
/// use pyroxene_frontend::{Operand, eval, prelude::*};
///
/// fn doubled(x: impl Operand) -> Tensor {
///     x.into() * 2.0
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert_eq!(eval(|| doubled(1.5))?, Array::from(3.0));
/// assert_eq!(eval(|| doubled([1.0, 2.0]))?, Array::from([2.0, 4.0]));
/// # Ok(()) }
/// ```
pub trait Operand: Into<Tensor> {}

impl<T: Into<Tensor>> Operand for T {}
