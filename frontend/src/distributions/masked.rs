//! A distribution whose density counts only where a mask holds.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc, shape};

use super::{Distribution, Expanded, Param, spread};
use crate::{
    constraints::Support,
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A distribution with a log density of zero where a mask is off (NumPyro's `MaskedDistribution`); see
/// [`Distribution::mask`].
///
/// As the distribution of a site, its mask joins those of the handlers, and neither the value nor the parameters that
/// are masked reach any gradient. Inside another wrapper this holds for the value alone.
#[derive(Clone)]
pub struct Masked {
    base: Rc<dyn Distribution>,
    mask: Tensor,
}

impl Masked {
    /// `base` where `mask`, truth values, holds. The mask broadcasts with the batch and may enlarge it.
    ///
    /// # Errors
    /// Recorded when it does not broadcast or is of another element type; it is then left out.
    #[track_caller]
    pub fn new(base: impl Distribution, mask: impl Into<Tensor>) -> Masked {
        let mask: Tensor = mask.into();
        if mask.dtype() != DType::Bool && !mask.is_poison() {
            let found = format!("`mask` needs truth values, found {}", mask.ty());
            let help = "compare first, as in `.mask(x.greater(0.0))`".into();
            fail(ErrorKind::Usage { found, help }, Loc::caller());
            return Masked { base: Rc::new(base), mask: Tensor::from(true) };
        }
        let Some(own) = base.batch_shape() else { return Masked { base: Rc::new(base), mask } };
        match shape::broadcast(&own, &mask.dims()) {
            Some(batch) if batch == own => Masked { base: Rc::new(base), mask },
            Some(batch) => Masked { base: Rc::new(Expanded::new(base, &batch)), mask },
            None => {
                let (left, right) = (mask.dims().to_vec(), own.to_vec());
                fail(ErrorKind::Broadcast { op: "mask", left, right }, Loc::caller());
                Masked { base: Rc::new(base), mask: Tensor::from(true) }
            }
        }
    }
}

impl Distribution for Masked {
    fn name(&self) -> String {
        self.base.name()
    }

    fn params(&self) -> Vec<Param> {
        self.base.params()
    }

    fn support(&self) -> Support {
        self.base.support()
    }

    fn batch_shape(&self) -> Option<Dims> {
        self.base.batch_shape()
    }

    fn event_shape(&self) -> Dims {
        self.base.event_shape()
    }

    fn dtype(&self) -> DType {
        self.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // A derivative at a value that is masked may be infinite or NaN, and zero times it is no zero: the density is
        // computed elsewhere.
        let (mut whole, event) = (self.batch_shape().unwrap_or_default(), self.event_shape());
        whole.extend(event.iter().copied());
        let value = spread(value, &whole);
        let mut dims = self.mask.dims();
        dims.extend(event.iter().map(|_| 1));
        let on = if event.is_empty() { self.mask } else { self.mask.reshape(&dims) };
        let value = on.select(value, self.support().feasible_like(value));
        self.mask.select(self.base.log_prob(value), 0.0)
    }

    fn has_rsample(&self) -> bool {
        self.base.has_rsample()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        self.base.sample(key, sample_shape)
    }

    fn masked(&self) -> Option<(Rc<dyn Distribution>, Tensor)> {
        Some(match self.base.masked() {
            Some((base, inner)) => (base, self.mask & inner),
            None => (self.base.clone(), self.mask),
        })
    }

    fn mean(&self) -> Option<Tensor> {
        self.base.mean()
    }

    fn variance(&self) -> Option<Tensor> {
        self.base.variance()
    }
}
