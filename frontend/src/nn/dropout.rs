//! Dropout.

use pyroxene_ir::Loc;

use super::{Layer, Weights};
use crate::{
    random,
    trace::{ErrorKind, fail},
};

/// Keeps each element with probability `rate`, divided by it, and sets the others to zero (stax's `Dropout`, whose `rate`
/// is the share that *stays*). With `train` off inputs pass.
///
/// ```
/// use pyroxene_frontend::{eval, nn, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let y = eval(|| {
///     let weights = nn::Weights::none();
///     nn::dropout(0.5, true).apply_with(Key::new(0), &weights, Tensor::full(&[100], 1.0))
/// })?;
/// assert!(y.to_f64_vec().iter().all(|y| *y == 0.0 || *y == 2.0));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded, with this line, when it is applied without a key, and for a rate that is not in (0, 1].
#[track_caller]
pub fn dropout(rate: f64, train: bool) -> Layer {
    let loc = Loc::caller();
    let wrong =
        move |found: String, help: &str| fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
    let fits = rate > 0.0 && rate <= 1.0;
    if !fits {
        wrong(
            format!("dropout keeps a share between 0 and 1, found {rate}"),
            "give the share of elements that stay",
        );
    }
    let init = |_, input: &[usize]| (input.iter().copied().collect(), Weights::none());
    Layer::new(init, move |_, x, key| match key {
        _ if !train || !fits => x,
        None => wrong(
            "dropout draws, and there is no key".into(),
            "apply the network with one, as in `net.apply_with(key, &weights, x)` or `net.with_key(key, x)`",
        ),
        Some(key) => random::bernoulli(key, rate, x.dims().as_slice()).select(x / rate, 0.0),
    })
}
