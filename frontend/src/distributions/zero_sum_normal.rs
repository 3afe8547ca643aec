//! The normal distribution of numbers that sum to zero.

use pyroxene_ir::{Dims, Loc};

use super::{Distribution, Normal, Param, parameters::reals, vectors::of_elements};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
    transforms::{Transform, ZeroSum},
};

/// Normal numbers of standard deviation `scale`, given that they sum to zero along each dimension of an event (NumPyro's
/// `ZeroSumNormal`).
#[derive(Clone, Debug)]
pub struct ZeroSumNormal {
    scale: Tensor,
    event: Dims,
}

impl ZeroSumNormal {
    /// The standard deviation and the dimensions of an event. The scale is one number for a whole event: its rightmost
    /// dimensions, as many as an event has, have size one, and those before are the batch.
    ///
    /// # Errors
    /// Recorded when it differs within an event.
    #[track_caller]
    pub fn new(scale: impl Into<Tensor>, event_shape: &[usize]) -> ZeroSumNormal {
        let [mut scale] = reals([scale.into()]);
        let dims = scale.dims();
        if dims.iter().rev().take(event_shape.len()).any(|d| *d != 1) {
            let kind = ErrorKind::Shape {
                what: "the scale of ZeroSumNormal".into(),
                found: dims.to_vec(),
                expected: format!(
                    "size 1 in the {} rightmost dimensions, those of an event",
                    event_shape.len()
                ),
                help: "give a scalar, or a batch of scales with a dimension of size 1 for each of an event's"
                    .into(),
            };
            scale = fail(kind, Loc::caller());
        }
        ZeroSumNormal { scale, event: Dims::from_slice(event_shape) }
    }

    fn by(&self) -> ZeroSum {
        ZeroSum::new(self.event.len())
    }
}

impl Distribution for ZeroSumNormal {
    fn name(&self) -> String {
        "ZeroSumNormal".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new(
            "scale",
            self.scale,
            constraints::independent(constraints::positive(), self.event.len()),
        )]
    }

    fn support(&self) -> Support {
        constraints::zero_sum(self.event.len())
    }

    fn event_shape(&self) -> Dims {
        self.event.clone()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // Distances stay, so the density is that of the free coordinates.
        let free = self.by().inverse(value);
        Normal::new(0.0, self.scale).log_prob(free).sum_rightmost(self.event.len())
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let mut dims = super::draw_dims(self, sample_shape);
        dims.extend(self.event.iter().map(|n| n.saturating_sub(1)));
        Some(self.by().forward(random::normal(key, &dims, self.dtype()) * self.scale))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(of_elements(self, Tensor::from(0.0).convert(self.dtype())))
    }

    fn variance(&self) -> Option<Tensor> {
        let kept: f64 = self.event.iter().map(|n| 1.0 - 1.0 / (*n).max(1) as f64).product();
        Some(of_elements(self, self.scale.square() * kept))
    }
}
