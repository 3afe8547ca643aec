//! Step sizes as functions of the number of the step, with optax's names, defaults and values.

use std::{fmt, sync::Arc};

use pyroxene_frontend::{DType, Tensor};

mod constant;
mod cosine;
mod exponential;
mod join;
mod onecycle;
mod piecewise_constant;
mod piecewise_interpolate;
mod polynomial;
mod sgdr;
mod warmup_cosine;
mod warmup_exponential;

pub use constant::constant_schedule;
pub use cosine::{CosineDecay, cosine_decay_schedule};
pub use exponential::{ExponentialDecay, exponential_decay};
pub use join::join_schedules;
pub use onecycle::{CosineOnecycle, LinearOnecycle, cosine_onecycle_schedule, linear_onecycle_schedule};
pub use piecewise_constant::piecewise_constant_schedule;
pub use piecewise_interpolate::{Interpolation, piecewise_interpolate_schedule};
pub use polynomial::{Polynomial, linear_schedule, polynomial_schedule, warmup_constant_schedule};
pub use sgdr::sgdr_schedule;
pub use warmup_cosine::{WarmupCosineDecay, warmup_cosine_decay_schedule};
pub use warmup_exponential::{WarmupExponentialDecay, warmup_exponential_decay_schedule};

/// A step size for each step: a number, or a function of the step's number, an integer scalar that counts from 0.
///
/// The functions of this module's family (`exponential_decay`, `cosine_decay_schedule`, ...) give one each; those with
/// options give a builder, which is one too wherever a step size is asked for.
///
/// ```
/// use pyroxene_frontend::Tensor;
/// use pyroxene_inference::optim::{Adam, Schedule};
/// let constant = Adam::new(1e-3);
/// let decaying = Adam::new(|step: Tensor| 1e-2 / (1.0 + 0.1 * step));
/// # let _: Schedule = (|step: Tensor| step * 2.0).into();
/// # let _ = (constant, decaying);
/// ```
#[derive(Clone)]
pub struct Schedule(Arc<dyn Fn(Tensor) -> Tensor + Send + Sync>);

impl Schedule {
    /// The step size at a step.
    pub fn at(&self, step: Tensor) -> Tensor {
        (self.0)(step)
    }

    /// From a function of the step's number as a float.
    fn of(f: impl Fn(Tensor) -> Tensor + Send + Sync + 'static) -> Schedule {
        Schedule(Arc::new(move |step| f(step.convert(DType::F64))))
    }

    /// The step size in the element type of what it moves: a step's number must not raise the precision of a parameter.
    pub(super) fn at_in(&self, step: Tensor, dtype: DType) -> Tensor {
        self.at(step).convert(dtype)
    }
}

impl From<f64> for Schedule {
    fn from(step_size: f64) -> Schedule {
        Schedule(Arc::new(move |_| Tensor::from(step_size)))
    }
}

impl<F: Fn(Tensor) -> Tensor + Send + Sync + 'static> From<F> for Schedule {
    fn from(schedule: F) -> Schedule {
        Schedule(Arc::new(schedule))
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedule(..)")
    }
}
