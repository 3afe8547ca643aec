//! Schedules one after another.

use pyroxene_frontend::{Loc, usage_error};

use super::Schedule;

/// Each schedule up to its boundary, the last from there on; each counts from the boundary before it
/// (`optax.join_schedules`).
///
/// ```
/// use pyroxene_inference::optim::{Adam, exponential_decay, join_schedules, linear_schedule};
/// let warmup = linear_schedule(0.0, 1e-2, 100);
/// let optimizer = Adam::new(join_schedules([warmup.into(), exponential_decay(1e-2, 500, 0.5).into()], [100]));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: not one boundary between each schedule and the next.
#[must_use]
#[track_caller]
pub fn join_schedules(
    schedules: impl IntoIterator<Item = Schedule>,
    boundaries: impl IntoIterator<Item = usize>,
) -> Schedule {
    let schedules: Vec<Schedule> = schedules.into_iter().collect();
    let boundaries: Vec<i64> = boundaries.into_iter().map(|b| b as i64).collect();
    let loc = Loc::caller();
    Schedule::from(move |step| {
        let Some((first, rest)) = schedules.split_first().filter(|(_, rest)| rest.len() == boundaries.len())
        else {
            let found = format!("{} schedules with {} boundaries", schedules.len(), boundaries.len());
            return usage_error(found, "give one boundary between each schedule and the next", loc.clone());
        };
        rest.iter().zip(&boundaries).fold(first.at(step), |before, (schedule, boundary)| {
            step.less(*boundary).select(before, schedule.at(step - *boundary))
        })
    })
}
