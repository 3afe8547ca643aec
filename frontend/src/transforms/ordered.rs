//! Vectors onto vectors whose elements increase.

use super::{Transform, is_whole};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    tensor::Tensor,
};

/// `y₀ = x₀`, `yₖ = yₖ₋₁ + exp(xₖ)` (NumPyro's `OrderedTransform`, Stan's ordered vector).
#[derive(Clone, Copy, Debug)]
pub struct Ordered;

impl Transform for Ordered {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        1
    }

    fn forward(&self, x: Tensor) -> Tensor {
        Tensor::concatenate_axis(&[x.at((Ellipsis, ..1)), x.at((Ellipsis, 1..)).exp()], -1).cumsum(-1)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        Tensor::concatenate_axis(&[y.at((Ellipsis, ..1)), y.diff(-1).log()], -1)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        x.at((Ellipsis, 1..)).sum_axis(-1)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::ordered_vector)
    }
}
