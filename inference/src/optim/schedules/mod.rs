//! Step sizes as functions of the number of the step.

use std::{fmt, sync::Arc};

use pyroxene_frontend::{DType, Tensor};

/// A step size for each step: a number, or a function of the step's number, an integer scalar that counts from 0.
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
