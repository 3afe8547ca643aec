//! Fully connected layers.

use pyroxene_ir::{Dims, Loc};

use super::{Initializer, Layer, Weights, initializers};
use crate::trace::{DEFAULT_FLOAT, ErrorKind, fail};

/// `x W + b` with `n` outputs along the last dimension (stax's `Dense`): weights `W` by
/// [`glorot_normal`](initializers::glorot_normal) and `b` by [`normal(0.01)`](initializers::normal).
///
/// ```
/// use pyroxene_frontend::{eval, nn, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let w = eval(|| nn::dense(5).init(Key::new(0), &[100, 3]).1.leaf("W"))?;
/// assert_eq!(w.dims(), [3, 5]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded when weights are made for an input without dimensions.
#[track_caller]
pub fn dense(n: usize) -> Layer {
    dense_init(n, initializers::glorot_normal(), initializers::normal(1e-2))
}

/// [`dense`] with other initialisers of `W` and `b`.
#[track_caller]
pub fn dense_init(n: usize, w: Initializer, b: Initializer) -> Layer {
    let loc = Loc::caller();
    let init = move |key: crate::random::Key, input: &[usize]| {
        let Some((size, batch)) = input.split_last() else {
            let found = format!("dense({n}) needs an input with dimensions, found a scalar");
            fail(
                ErrorKind::Usage { found, help: "give `input_shape` the input's dimensions".into() },
                loc.clone(),
            );
            return (Dims::new(), Weights::none());
        };
        let [for_w, for_b] = key.split();
        let weights =
            [("W", w.init(for_w, &[*size, n], DEFAULT_FLOAT)), ("b", b.init(for_b, &[n], DEFAULT_FLOAT))];
        (batch.iter().copied().chain([n]).collect(), Weights::named(weights))
    };
    Layer::new(init, |weights, x, _| x.dot(weights.leaf("W")) + weights.leaf("b"))
}
