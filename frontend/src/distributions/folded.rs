//! The absolute value of a number from another distribution.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc};

use super::{Distribution, Param, is_poisoned};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// The absolute value of a draw of `base` (NumPyro's `FoldedDistribution`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folded = eval(|| Folded::new(Normal::new(0.0, 2.0)).log_prob(Tensor::from(1.0)))?;
/// let half = eval(|| HalfNormal::new(2.0).log_prob(Tensor::from(1.0)))?;
/// assert!((folded.to_f64_vec()[0] - half.to_f64_vec()[0]).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Folded {
    base: Rc<dyn Distribution>,
}

impl Folded {
    /// `|x|` for `x` from `base`.
    ///
    /// # Errors
    /// Recorded where `base` is discrete or its events have dimensions.
    #[track_caller]
    pub fn new(base: impl Distribution) -> Folded {
        let single = !base.support().is_discrete() && base.event_shape().is_empty();
        if !single && !is_poisoned(&base) {
            let found = format!("Folded of {}", base.name());
            let help = "give a distribution of single real numbers, such as Normal".into();
            fail(ErrorKind::Usage { found, help }, Loc::caller());
        }
        Folded { base: Rc::new(base) }
    }
}

impl Distribution for Folded {
    fn name(&self) -> String {
        format!("Folded({})", self.base.name())
    }

    fn params(&self) -> Vec<Param> {
        self.base.params()
    }

    fn support(&self) -> Support {
        constraints::positive()
    }

    fn batch_shape(&self) -> Option<Dims> {
        self.base.batch_shape()
    }

    fn dtype(&self) -> DType {
        self.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        self.base.log_prob(value).logaddexp(self.base.log_prob(-value))
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(self.base.sample(key, sample_shape)?.abs())
    }
}
