//! The improper uniform distribution.

use pyroxene_ir::{Dims, Loc};

use super::{Distribution, Param, spread};
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A density of one everywhere on a support (NumPyro's `ImproperUniform`). It cannot be drawn from.
#[derive(Clone)]
pub struct ImproperUniform {
    support: Support,
    batch: Dims,
    event: Dims,
}

impl ImproperUniform {
    /// Values of dimensions `batch_shape + event_shape` that satisfy `support`, whose own events are the rightmost part
    /// of `event_shape`.
    #[track_caller]
    pub fn new(support: Support, batch_shape: &[usize], event_shape: &[usize]) -> ImproperUniform {
        let (own, rank) = (support.event_dim(), event_shape.len());
        if own > rank {
            let kind = ErrorKind::Shape {
                what: "the event shape of ImproperUniform".into(),
                found: event_shape.to_vec(),
                expected: format!("at least {own} dimensions, which one value of its support spans"),
                help: "give the dimensions of one value as `event_shape`".into(),
            };
            fail(kind, Loc::caller());
        }
        let support = constraints::independent(support, rank.saturating_sub(own));
        ImproperUniform {
            support,
            batch: Dims::from_slice(batch_shape),
            event: Dims::from_slice(event_shape),
        }
    }
}

impl Distribution for ImproperUniform {
    fn name(&self) -> String {
        "ImproperUniform".into()
    }

    fn params(&self) -> Vec<Param> {
        Vec::new()
    }

    fn support(&self) -> Support {
        self.support.clone()
    }

    fn batch_shape(&self) -> Option<Dims> {
        Some(self.batch.clone())
    }

    fn event_shape(&self) -> Dims {
        self.event.clone()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let dims = value.dims();
        let own = dims.len().saturating_sub(self.event.len());
        let zero = Tensor::from(0.0).broadcast_to(&dims[..own]);
        spread(zero, &self.batch)
    }
}
