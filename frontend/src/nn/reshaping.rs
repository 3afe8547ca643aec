//! Layers that change the input's shape.

use super::{Layer, Weights};

/// All dimensions but the first as one (stax's `Flatten`).
///
/// ```
/// use pyroxene_frontend::{eval, nn, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let y = eval(|| nn::flatten().apply(&nn::Weights::none(), Tensor::full(&[10, 3, 4], 1.0)))?;
/// assert_eq!(y.dims(), [10, 12]);
/// # Ok(()) }
/// ```
pub fn flatten() -> Layer {
    let flat = |dims: &[usize]| match dims.split_first() {
        Some((first, rest)) => [*first, rest.iter().product()],
        None => [1, 1],
    };
    Layer::new(
        move |_, input| (flat(input).into_iter().collect(), Weights::none()),
        move |_, x, _| x.reshape(&flat(&x.dims())),
    )
}
