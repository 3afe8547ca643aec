//! The exponential: the real line onto the positive numbers.

use super::{Transform, is_whole};
use crate::{
    constraints::{self, Bounds, Support},
    tensor::Tensor,
};

/// `y = eˣ` (NumPyro's `ExpTransform`).
#[derive(Clone, Copy, Debug)]
pub struct Exp;

impl Transform for Exp {
    fn forward(&self, x: Tensor) -> Tensor {
        x.exp()
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        y.log()
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        x
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        if is_whole(domain) {
            return Some(constraints::positive());
        }
        let Bounds { low, high } = domain.bounds()?;
        let low = low.map_or(Tensor::from(0.0), Tensor::exp);
        Some(Bounds { low: Some(low), high: high.map(Tensor::exp) }.support())
    }

    fn sign(&self) -> Option<Tensor> {
        Some(Tensor::from(1.0))
    }
}
