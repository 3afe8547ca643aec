//! Linear warm-up before cosine decay.

use super::{CosineDecay, Schedule, cosine_decay_schedule, join_schedules, linear_schedule};

/// Linear warm-up, then cosine decay; see [`warmup_cosine_decay_schedule`].
#[derive(Clone, Debug)]
pub struct WarmupCosineDecay {
    init_value: f64,
    warmup_steps: usize,
    pub(super) decay_steps: usize,
    decay: CosineDecay,
}

/// From `init_value` to `peak_value` in a straight line over `warmup_steps` steps, then down along the cosine up to step
/// `decay_steps`, which counts the warm-up too (`optax.warmup_cosine_decay_schedule`).
///
/// ```
/// use pyroxene_inference::optim::{Adam, warmup_cosine_decay_schedule};
/// let optimizer = Adam::new(warmup_cosine_decay_schedule(0.0, 1e-2, 100, 1000).end_value(1e-4));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: no steps of decay after the warm-up.
#[must_use]
#[track_caller]
pub fn warmup_cosine_decay_schedule(
    init_value: f64,
    peak_value: f64,
    warmup_steps: usize,
    decay_steps: usize,
) -> WarmupCosineDecay {
    let decay = cosine_decay_schedule(peak_value, decay_steps.saturating_sub(warmup_steps));
    WarmupCosineDecay { init_value, warmup_steps, decay_steps, decay }
}

impl WarmupCosineDecay {
    /// Where the decay ends. Default 0.
    #[must_use]
    pub fn end_value(mut self, end_value: f64) -> WarmupCosineDecay {
        let peak = self.decay.init_value;
        self.decay.alpha = if peak == 0.0 { 0.0 } else { end_value / peak };
        self
    }

    /// The power that the half wave is raised to. Default 1.
    #[must_use]
    pub fn exponent(mut self, exponent: f64) -> WarmupCosineDecay {
        self.decay.exponent = exponent;
        self
    }
}

impl From<WarmupCosineDecay> for Schedule {
    fn from(of: WarmupCosineDecay) -> Schedule {
        let warmup = linear_schedule(of.init_value, of.decay.init_value, of.warmup_steps);
        join_schedules([warmup.into(), of.decay.into()], [of.warmup_steps])
    }
}
