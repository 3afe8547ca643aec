//! The identity: values that are unconstrained already.

use super::Transform;
use crate::{constraints::Support, tensor::Tensor};

/// `y = x` (NumPyro's `IdentityTransform`).
#[derive(Clone, Copy, Debug)]
pub struct Identity;

impl Transform for Identity {
    fn forward(&self, x: Tensor) -> Tensor {
        x
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        y
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        super::no_volume(x, 0)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        Some(domain.clone())
    }

    fn sign(&self) -> Option<Tensor> {
        Some(Tensor::from(1.0))
    }
}
