//! Independent copies of a distribution along new batch dimensions.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc, shape};

use super::{Distribution, Param, TransformedDistribution, is_poisoned, spread};
use crate::{
    constraints::Support,
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A distribution with larger batch dimensions (NumPyro's `ExpandedDistribution`); see [`Distribution::expand`].
#[derive(Clone)]
pub struct Expanded {
    base: Rc<dyn Distribution>,
    batch: Dims,
}

impl Expanded {
    /// Copies of `base` that fill `batch_shape`, to which its own batch must broadcast.
    ///
    /// # Errors
    /// Recorded when it does not; the batch is then `base`'s own.
    #[track_caller]
    pub fn new(base: impl Distribution, batch_shape: &[usize]) -> Expanded {
        let own = base.batch_shape().unwrap_or_default();
        let fits = shape::broadcasts_to(&own, batch_shape);
        if !fits && !is_poisoned(&base) {
            let kind = ErrorKind::Shape {
                what: format!("{}.expand", base.name()),
                found: batch_shape.to_vec(),
                expected: format!("a shape that its batch {:?} broadcasts to", own.as_slice()),
                help: "keep the batch's sizes from the right; only sizes of 1 and new dimensions can grow"
                    .into(),
            };
            fail(kind, Loc::caller());
        }
        let batch = if fits { Dims::from_slice(batch_shape) } else { own };
        Expanded { base: Rc::new(base), batch }
    }
}

impl Expanded {
    /// A quantity of every element of the base's values, repeated over the new dimensions.
    fn whole(&self, x: Tensor) -> Tensor {
        let mut dims = self.batch.clone();
        dims.extend(self.base.event_shape());
        spread(x, &dims)
    }
}

impl Distribution for Expanded {
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
        self.base.batch_shape().map(|_| self.batch.clone())
    }

    fn event_shape(&self) -> Dims {
        self.base.event_shape()
    }

    fn dtype(&self) -> DType {
        self.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        spread(self.base.log_prob(value), &self.batch)
    }

    fn has_rsample(&self) -> bool {
        self.base.has_rsample()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        self.base.sample_expanded(key, sample_shape, &self.batch)
    }

    fn sample_expanded(&self, key: Key, sample_shape: &[usize], batch_shape: &[usize]) -> Option<Tensor> {
        // NumPyro's `expand` of an expanded distribution starts from its base again.
        self.base.sample_expanded(key, sample_shape, batch_shape)
    }

    fn with_params(&self, values: &[Tensor]) -> Option<Rc<dyn Distribution>> {
        Some(Rc::new(Expanded::new(self.base.with_params(values)?, &self.batch)))
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        let TransformedDistribution { base, transforms, .. } = self.base.transformed()?;
        // What a transform's events span is no batch of this distribution, but may be batch of its base.
        let same = base.batch_shape()?.len() == self.base.batch_shape()?.len();
        same.then(|| TransformedDistribution::new(Expanded::new(base, &self.batch), transforms))
    }

    fn masked(&self) -> Option<(Rc<dyn Distribution>, Tensor)> {
        let (base, mask) = self.base.masked()?;
        Some((Rc::new(Expanded { base, batch: self.batch.clone() }), mask))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(self.whole(self.base.mean()?))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(self.whole(self.base.variance()?))
    }
}
