//! Cosine decay of step sizes.

use std::f64::consts::PI;

use pyroxene_frontend::{Loc, usage_error};

use super::Schedule;

/// Cosine decay; see [`cosine_decay_schedule`].
#[derive(Clone, Debug)]
pub struct CosineDecay {
    pub(super) init_value: f64,
    pub(super) decay_steps: usize,
    pub(super) alpha: f64,
    pub(super) exponent: f64,
    pub(super) loc: Loc,
}

/// Half a wave of the cosine from `init_value` down over `decay_steps` steps (`optax.cosine_decay_schedule`; Loshchilov
/// and Hutter 2017).
///
/// ```
/// use pyroxene_inference::optim::{Adam, cosine_decay_schedule};
/// let optimizer = Adam::new(cosine_decay_schedule(1e-2, 1000).alpha(0.1));
/// ```
///
/// # Errors
/// Recorded with the caller's line where the schedule is used: no steps.
#[must_use]
#[track_caller]
pub fn cosine_decay_schedule(init_value: f64, decay_steps: usize) -> CosineDecay {
    CosineDecay { init_value, decay_steps, alpha: 0.0, exponent: 1.0, loc: Loc::caller() }
}

impl CosineDecay {
    /// The share of `init_value` that the decay ends at. Default 0.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> CosineDecay {
        self.alpha = alpha;
        self
    }

    /// The power that the half wave is raised to. Default 1.
    #[must_use]
    pub fn exponent(mut self, exponent: f64) -> CosineDecay {
        self.exponent = exponent;
        self
    }
}

impl From<CosineDecay> for Schedule {
    fn from(of: CosineDecay) -> Schedule {
        let steps = of.decay_steps as f64;
        Schedule::of(move |step| {
            if of.decay_steps == 0 {
                let found = "a cosine decay over 0 steps";
                return usage_error(found, "give at least one step to decay over", of.loc.clone());
            }
            let wave = 0.5 * (1.0 + (PI * step.minimum(steps) / steps).cos());
            of.init_value * ((1.0 - of.alpha) * wave.pow(of.exponent) + of.alpha)
        })
    }
}
