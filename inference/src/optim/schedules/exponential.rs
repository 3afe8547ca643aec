//! Exponential decay of step sizes.

use pyroxene_frontend::Tensor;

use super::Schedule;

/// Exponential decay; see [`exponential_decay`].
#[derive(Clone, Copy, Debug)]
pub struct ExponentialDecay {
    pub(super) init_value: f64,
    pub(super) transition_steps: usize,
    pub(super) decay_rate: f64,
    pub(super) transition_begin: usize,
    pub(super) staircase: bool,
    pub(super) end_value: Option<f64>,
}

/// `init_value` times `decay_rate` to the power of `t / transition_steps` (`optax.exponential_decay`). With no
/// transition steps or a rate of zero it stays at `init_value`.
///
/// ```
/// use pyroxene_inference::optim::{Adam, exponential_decay};
/// let optimizer = Adam::new(exponential_decay(1e-2, 100, 0.5).staircase(true).end_value(1e-4));
/// ```
#[must_use]
pub fn exponential_decay(init_value: f64, transition_steps: usize, decay_rate: f64) -> ExponentialDecay {
    ExponentialDecay {
        init_value,
        transition_steps,
        decay_rate,
        transition_begin: 0,
        staircase: false,
        end_value: None,
    }
}

impl ExponentialDecay {
    /// The number of steps before the decay. Default 0.
    #[must_use]
    pub fn transition_begin(mut self, steps: usize) -> ExponentialDecay {
        self.transition_begin = steps;
        self
    }

    /// Whether the decay happens at once every `transition_steps` steps. Default false.
    #[must_use]
    pub fn staircase(mut self, staircase: bool) -> ExponentialDecay {
        self.staircase = staircase;
        self
    }

    /// Where the decay stops: a lower bound for rates below one, else an upper bound. By default nowhere.
    #[must_use]
    pub fn end_value(mut self, end_value: f64) -> ExponentialDecay {
        self.end_value = Some(end_value);
        self
    }
}

impl From<ExponentialDecay> for Schedule {
    fn from(of: ExponentialDecay) -> Schedule {
        let (begin, steps) = (of.transition_begin as f64, of.transition_steps as f64);
        if of.transition_steps == 0 || of.decay_rate == 0.0 {
            return of.init_value.into();
        }
        Schedule::of(move |step| {
            let since = step - begin;
            let periods = since / steps;
            let periods = if of.staircase { periods.floor() } else { periods };
            let decayed = of.init_value * Tensor::from(of.decay_rate).pow(periods);
            let value = since.less_equal(0.0).select(of.init_value, decayed);
            match of.end_value {
                Some(end) if of.decay_rate < 1.0 => value.maximum(end),
                Some(end) => value.minimum(end),
                None => value,
            }
        })
    }
}
