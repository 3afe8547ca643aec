//! One cycle: step sizes that rise to a peak and fall far below where they began.

use pyroxene_frontend::{Loc, usage_error};

use super::{Interpolation, Schedule, piecewise_interpolate_schedule};

/// A cycle in three straight lines; see [`linear_onecycle_schedule`].
#[derive(Clone, Debug)]
pub struct LinearOnecycle {
    transition_steps: usize,
    peak_value: f64,
    pct_start: f64,
    pct_final: f64,
    div_factor: f64,
    final_div_factor: f64,
    loc: Loc,
}

/// A cycle along the cosine; see [`cosine_onecycle_schedule`].
#[derive(Clone, Debug)]
pub struct CosineOnecycle {
    transition_steps: usize,
    peak_value: f64,
    pct_start: f64,
    div_factor: f64,
    final_div_factor: f64,
    loc: Loc,
}

/// Up to `peak_value`, down to where it began, and down further, in straight lines over `transition_steps` steps in all
/// (`optax.linear_onecycle_schedule`; Smith and Topin 2017).
///
/// ```
/// use pyroxene_inference::optim::{Sgd, linear_onecycle_schedule};
/// let optimizer = Sgd::new(linear_onecycle_schedule(1000, 0.1).pct_start(0.2));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: no steps.
#[must_use]
#[track_caller]
pub fn linear_onecycle_schedule(transition_steps: usize, peak_value: f64) -> LinearOnecycle {
    LinearOnecycle {
        transition_steps,
        peak_value,
        pct_start: 0.3,
        pct_final: 0.85,
        div_factor: 25.0,
        final_div_factor: 1e4,
        loc: Loc::caller(),
    }
}

/// Up to `peak_value` and down, along the cosine, over `transition_steps` steps in all
/// (`optax.cosine_onecycle_schedule`; Smith and Topin 2017).
///
/// ```
/// use pyroxene_inference::optim::{Sgd, cosine_onecycle_schedule};
/// let optimizer = Sgd::new(cosine_onecycle_schedule(1000, 0.1));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: no steps.
#[must_use]
#[track_caller]
pub fn cosine_onecycle_schedule(transition_steps: usize, peak_value: f64) -> CosineOnecycle {
    CosineOnecycle {
        transition_steps,
        peak_value,
        pct_start: 0.3,
        div_factor: 25.0,
        final_div_factor: 1e4,
        loc: Loc::caller(),
    }
}

macro_rules! settings { ($Builder:ident: $($(#[$doc:meta])* $name:ident),* $(,)?) => {
    impl $Builder { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: f64) -> $Builder {
            self.$name = $name;
            self
        }
    )* }
} }
settings! { LinearOnecycle:
    /// The share of the steps that rise. Default 0.3.
    pct_start,
    /// The share of the steps after which the first value is reached again. Default 0.85.
    pct_final,
    /// `peak_value` over the first value. Default 25.
    div_factor,
    /// The first value over the last. Default 10⁴.
    final_div_factor,
}
settings! { CosineOnecycle:
    /// The share of the steps that rise. Default 0.3.
    pct_start,
    /// `peak_value` over the first value. Default 25.
    div_factor,
    /// The first value over the last. Default 10⁴.
    final_div_factor,
}

/// A share of a number of steps, in whole steps.
fn share(pct: f64, steps: usize) -> usize {
    (pct * steps as f64) as usize
}

/// The cycle, unless it has no steps.
fn cycle(
    steps: usize,
    interpolation: Interpolation,
    first: f64,
    parts: impl IntoIterator<Item = (usize, f64)>,
    loc: Loc,
) -> Schedule {
    if steps > 0 {
        return piecewise_interpolate_schedule(interpolation, first, parts);
    }
    let help = "give at least one step to go through the cycle in";
    Schedule::from(move |_| usage_error("a cycle of 0 steps", help, loc.clone()))
}

impl From<LinearOnecycle> for Schedule {
    fn from(of: LinearOnecycle) -> Schedule {
        let steps = of.transition_steps;
        let parts = [
            (share(of.pct_start, steps), of.div_factor),
            (share(of.pct_final, steps), 1.0 / of.div_factor),
            (steps, 1.0 / of.final_div_factor),
        ];
        cycle(steps, Interpolation::Linear, of.peak_value / of.div_factor, parts, of.loc)
    }
}

impl From<CosineOnecycle> for Schedule {
    fn from(of: CosineOnecycle) -> Schedule {
        let steps = of.transition_steps;
        let parts = [
            (share(of.pct_start, steps), of.div_factor),
            (steps, 1.0 / (of.div_factor * of.final_div_factor)),
        ];
        cycle(steps, Interpolation::Cosine, of.peak_value / of.div_factor, parts, of.loc)
    }
}
