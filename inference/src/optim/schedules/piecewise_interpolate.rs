//! Step sizes that move between given values at given steps.

use std::f64::consts::PI;

use pyroxene_frontend::{Loc, Tensor};

use super::{Schedule, piecewise_constant::negative_scale};

/// How a step size moves from a value to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interpolation {
    /// In a straight line.
    Linear,
    /// Along half a wave of the cosine.
    Cosine,
}

impl Interpolation {
    /// The value at the share `along` of the way.
    fn between(self, start: f64, end: f64, along: Tensor) -> Tensor {
        match self {
            Interpolation::Linear => (end - start) * along + start,
            Interpolation::Cosine => end + (start - end) / 2.0 * ((PI * along).cos() + 1.0),
        }
    }
}

/// From `init_value`, at step 0, to that value multiplied by the first scale at its boundary, to that multiplied by the
/// second at its, and so on; constant after the last (`optax.piecewise_interpolate_schedule`).
///
/// ```
/// use pyroxene_inference::optim::{Interpolation, Sgd, piecewise_interpolate_schedule};
/// let schedule = piecewise_interpolate_schedule(Interpolation::Linear, 1.0, [(4, 0.1), (8, 0.01)]);
/// let optimizer = Sgd::new(schedule);
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: a negative scale.
#[must_use]
#[track_caller]
pub fn piecewise_interpolate_schedule(
    interpolation: Interpolation,
    init_value: f64,
    boundaries_and_scales: impl IntoIterator<Item = (usize, f64)>,
) -> Schedule {
    let mut parts: Vec<(usize, f64)> = boundaries_and_scales.into_iter().collect();
    parts.sort_by_key(|(boundary, _)| *boundary);
    let loc = Loc::caller();
    Schedule::of(move |step| {
        if let Some(error) = negative_scale(&parts, &loc) {
            return error;
        }
        let (mut from, mut start, mut value) = (0.0, init_value, Tensor::from(init_value));
        for (boundary, scale) in &parts {
            let (to, end) = (*boundary as f64, start * scale);
            let along = (step - from) / f64::max(to - from, 1.0);
            let inside = step.greater_equal(from) & step.less(to);
            value = inside.select(interpolation.between(start, end, along), value);
            value = step.greater_equal(to).select(end, value);
            (from, start) = (to, end);
        }
        value
    })
}
