//! Batch dimensions counted as part of one event.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc};

use super::{Distribution, Param, TransformedDistribution, is_poisoned, spread};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A distribution whose rightmost batch dimensions are part of its events (NumPyro's `Independent`); see
/// [`Distribution::to_event`].
#[derive(Clone)]
pub struct Independent {
    base: Rc<dyn Distribution>,
    n: usize,
}

impl Independent {
    /// `base` with its `n` rightmost batch dimensions as leftmost event dimensions.
    ///
    /// # Errors
    /// Recorded when there are fewer; all of them are then taken.
    #[track_caller]
    pub fn new(base: impl Distribution, n: usize) -> Independent {
        let batch = base.batch_shape().unwrap_or_default();
        if n > batch.len() && !is_poisoned(&base) {
            let kind = ErrorKind::Shape {
                what: format!("{}.to_event({n})", base.name()),
                found: batch.to_vec(),
                expected: format!("a batch of at least {n} dimensions"),
                help: "give the parameters more dimensions, or `.expand(..)` first".into(),
            };
            fail(kind, Loc::caller());
        }
        Independent { base: Rc::new(base), n: n.min(batch.len()) }
    }

    /// The base's batch, parted into what stays batch and what becomes event.
    fn parted(&self) -> Option<(Dims, Dims)> {
        let batch = self.base.batch_shape()?;
        let (left, right) = batch.split_at(batch.len().saturating_sub(self.n));
        Some((Dims::from_slice(left), Dims::from_slice(right)))
    }
}

impl Distribution for Independent {
    fn name(&self) -> String {
        format!("{}.to_event({})", self.base.name(), self.n)
    }

    fn params(&self) -> Vec<Param> {
        // Seen from this batch, a parameter spans the event's new dimensions too.
        let wider = |p: Param| Param { constraint: constraints::independent(p.constraint, self.n), ..p };
        self.base.params().into_iter().map(wider).collect()
    }

    fn support(&self) -> Support {
        constraints::independent(self.base.support(), self.n)
    }

    fn batch_shape(&self) -> Option<Dims> {
        self.parted().map(|(batch, _)| batch)
    }

    fn event_shape(&self) -> Dims {
        let mut event = self.parted().map(|(_, event)| event).unwrap_or_default();
        event.extend(self.base.event_shape());
        event
    }

    fn dtype(&self) -> DType {
        self.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // Copies count as often as they are, so the sum runs over the whole batch.
        let batch = self.base.batch_shape().unwrap_or_default();
        spread(self.base.log_prob(value), &batch).sum_rightmost(self.n)
    }

    fn has_rsample(&self) -> bool {
        self.base.has_rsample()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        self.base.sample(key, sample_shape)
    }

    fn sample_expanded(&self, key: Key, sample_shape: &[usize], batch_shape: &[usize]) -> Option<Tensor> {
        let mut batch = Dims::from_slice(batch_shape);
        batch.extend(self.parted()?.1);
        self.base.sample_expanded(key, sample_shape, &batch)
    }

    fn with_params(&self, values: &[Tensor]) -> Option<Rc<dyn Distribution>> {
        Some(Rc::new(Independent::new(self.base.with_params(values)?, self.n)))
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        let TransformedDistribution { base, transforms, .. } = self.base.transformed()?;
        Some(TransformedDistribution::new(Independent::new(base, self.n), transforms))
    }

    fn mean(&self) -> Option<Tensor> {
        self.base.mean()
    }

    fn variance(&self) -> Option<Tensor> {
        self.base.variance()
    }
}
