//! Polynomial and linear transitions from one step size to another.

use super::Schedule;

/// A transition from one step size to another; see [`polynomial_schedule`].
#[derive(Clone, Copy, Debug)]
pub struct Polynomial {
    init_value: f64,
    end_value: f64,
    power: f64,
    transition_steps: usize,
    transition_begin: usize,
}

/// From `init_value` `I` to `end_value` `E` over `transition_steps` `T` steps: `(I − E) (1 − t / T)ᵖ + E`
/// (`optax.polynomial_schedule`). Over no steps it stays at `init_value`.
///
/// ```
/// use pyroxene_inference::optim::{Sgd, polynomial_schedule};
/// let optimizer = Sgd::new(polynomial_schedule(0.1, 0.01, 2.0, 100).transition_begin(5));
/// ```
#[must_use]
pub fn polynomial_schedule(
    init_value: f64,
    end_value: f64,
    power: f64,
    transition_steps: usize,
) -> Polynomial {
    Polynomial { init_value, end_value, power, transition_steps, transition_begin: 0 }
}

/// From `init_value` to `end_value` in a straight line (`optax.linear_schedule`).
///
/// ```
/// use pyroxene_inference::optim::{Sgd, linear_schedule};
/// let optimizer = Sgd::new(linear_schedule(0.1, 0.01, 100));
/// ```
#[must_use]
pub fn linear_schedule(init_value: f64, end_value: f64, transition_steps: usize) -> Polynomial {
    polynomial_schedule(init_value, end_value, 1.0, transition_steps)
}

/// From `init_value` to `peak_value` in a straight line, and constant from there (`optax.warmup_constant_schedule`).
#[must_use]
pub fn warmup_constant_schedule(init_value: f64, peak_value: f64, warmup_steps: usize) -> Polynomial {
    linear_schedule(init_value, peak_value, warmup_steps)
}

impl Polynomial {
    /// The number of steps before the transition. Default 0.
    #[must_use]
    pub fn transition_begin(mut self, steps: usize) -> Polynomial {
        self.transition_begin = steps;
        self
    }
}

impl From<Polynomial> for Schedule {
    fn from(of: Polynomial) -> Schedule {
        let (begin, steps) = (of.transition_begin as f64, of.transition_steps as f64);
        if of.transition_steps == 0 {
            return of.init_value.into();
        }
        Schedule::of(move |step| {
            let left = 1.0 - (step - begin).clamp(0.0, steps) / steps;
            // Contracted, the difference may be a rounding below zero, whose powers are NaN.
            let left = left.maximum(0.0);
            (of.init_value - of.end_value) * left.pow(of.power) + of.end_value
        })
    }
}
