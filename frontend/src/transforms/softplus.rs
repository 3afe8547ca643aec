//! Softplus: the real line onto the positive numbers, nearly the identity for large ones.

use super::{Transform, is_whole};
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
};

/// `y = ln(1 + eˣ)` (NumPyro's `SoftplusTransform`).
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

/// `ln(eʸ − 1)`, without overflow and with all digits near zero.
pub(super) fn inverse_softplus(y: Tensor) -> Tensor {
    (-y).log1mexp() + y
}

impl Transform for Softplus {
    fn forward(&self, x: Tensor) -> Tensor {
        x.softplus()
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        inverse_softplus(y)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        x.log_sigmoid()
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::softplus_positive)
    }

    fn sign(&self) -> Option<Tensor> {
        Some(Tensor::from(1.0))
    }
}
