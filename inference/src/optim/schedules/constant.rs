//! The same step size at every step.

use super::Schedule;

/// `value` at every step (`optax.constant_schedule`); a number alone is one too.
///
/// ```
/// use pyroxene_inference::optim::{Adam, constant_schedule};
/// let optimizer = Adam::new(constant_schedule(1e-3));
/// ```
#[must_use]
pub fn constant_schedule(value: f64) -> Schedule {
    value.into()
}
