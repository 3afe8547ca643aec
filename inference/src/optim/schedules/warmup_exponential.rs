//! Linear warm-up before exponential decay.

use super::{ExponentialDecay, Schedule, exponential_decay, join_schedules, linear_schedule};

/// Linear warm-up, then exponential decay; see [`warmup_exponential_decay_schedule`].
#[derive(Clone, Copy, Debug)]
pub struct WarmupExponentialDecay {
    init_value: f64,
    warmup_steps: usize,
    decay: ExponentialDecay,
}

/// From `init_value` to `peak_value` in a straight line over `warmup_steps` steps, then [`exponential_decay`] from there
/// (`optax.warmup_exponential_decay_schedule`).
///
/// ```
/// use pyroxene_inference::optim::{Adam, warmup_exponential_decay_schedule};
/// let optimizer = Adam::new(warmup_exponential_decay_schedule(0.0, 1e-2, 100, 500, 0.5).end_value(1e-4));
/// ```
#[must_use]
pub fn warmup_exponential_decay_schedule(
    init_value: f64,
    peak_value: f64,
    warmup_steps: usize,
    transition_steps: usize,
    decay_rate: f64,
) -> WarmupExponentialDecay {
    let decay = exponential_decay(peak_value, transition_steps, decay_rate);
    WarmupExponentialDecay { init_value, warmup_steps, decay }
}

impl WarmupExponentialDecay {
    /// The number of steps at the peak between warm-up and decay. Default 0.
    #[must_use]
    pub fn transition_begin(mut self, steps: usize) -> WarmupExponentialDecay {
        self.decay = self.decay.transition_begin(steps);
        self
    }

    /// Whether the decay happens at once every `transition_steps` steps. Default false.
    #[must_use]
    pub fn staircase(mut self, staircase: bool) -> WarmupExponentialDecay {
        self.decay = self.decay.staircase(staircase);
        self
    }

    /// Where the decay stops: a lower bound for rates below one, else an upper bound. By default nowhere.
    #[must_use]
    pub fn end_value(mut self, end_value: f64) -> WarmupExponentialDecay {
        self.decay = self.decay.end_value(end_value);
        self
    }
}

impl From<WarmupExponentialDecay> for Schedule {
    fn from(of: WarmupExponentialDecay) -> Schedule {
        let warmup = linear_schedule(of.init_value, of.decay.init_value, of.warmup_steps);
        join_schedules([warmup.into(), of.decay.into()], [of.warmup_steps])
    }
}
