//! Step sizes that jump at given steps.

use pyroxene_frontend::{Loc, usage_error};

use super::Schedule;

/// `init_value`, multiplied at each boundary by its scale (`optax.piecewise_constant_schedule`).
///
/// ```
/// use pyroxene_inference::optim::{Sgd, piecewise_constant_schedule};
/// let optimizer = Sgd::new(piecewise_constant_schedule(0.1, [(100, 0.5), (200, 0.1)]));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: a negative scale.
#[must_use]
#[track_caller]
pub fn piecewise_constant_schedule(
    init_value: f64,
    boundaries_and_scales: impl IntoIterator<Item = (usize, f64)>,
) -> Schedule {
    let mut jumps: Vec<(usize, f64)> = boundaries_and_scales.into_iter().collect();
    jumps.sort_by_key(|(boundary, _)| *boundary);
    let loc = Loc::caller();
    Schedule::of(move |step| {
        if let Some(error) = negative_scale(&jumps, &loc) {
            return error;
        }
        jumps.iter().fold(init_value.into(), |value, (boundary, scale)| {
            step.less(*boundary as f64).select(value, value * *scale)
        })
    })
}

/// Reports the first negative scale.
pub(super) fn negative_scale(jumps: &[(usize, f64)], loc: &Loc) -> Option<pyroxene_frontend::Tensor> {
    let (boundary, scale) = jumps.iter().find(|(_, scale)| *scale < 0.0)?;
    let found = format!("a step size multiplied by {scale} at step {boundary}");
    Some(usage_error(found, "give scales that are not negative", loc.clone()))
}
