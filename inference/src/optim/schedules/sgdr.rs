//! Warm restarts.

use super::{Schedule, WarmupCosineDecay, join_schedules};

/// Cycles of warm-up and cosine decay, one after another (`optax.sgdr_schedule`; Loshchilov and Hutter 2017). Each lasts
/// for its `decay_steps`, the last for ever.
///
/// ```
/// use pyroxene_inference::optim::{Sgd, sgdr_schedule, warmup_cosine_decay_schedule};
/// let cycle = |peak| warmup_cosine_decay_schedule(0.0, peak, 10, 100);
/// let optimizer = Sgd::new(sgdr_schedule([cycle(0.1), cycle(0.05)]));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: no cycles, a cycle without steps of decay.
#[must_use]
#[track_caller]
pub fn sgdr_schedule(cycles: impl IntoIterator<Item = WarmupCosineDecay>) -> Schedule {
    let (mut schedules, mut ends, mut end) = (Vec::new(), Vec::new(), 0usize);
    for cycle in cycles {
        end = end.saturating_add(cycle.decay_steps);
        ends.push(end);
        schedules.push(cycle.into());
    }
    ends.pop();
    join_schedules(schedules, ends)
}
