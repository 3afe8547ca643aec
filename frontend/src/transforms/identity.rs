//! The identity: values that are unconstrained already.

use super::Transform;
use crate::tensor::Tensor;

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
        Tensor::from(0.0).convert(x.dtype()).broadcast_to(&x.dims())
    }
}
