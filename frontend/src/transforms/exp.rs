//! The exponential: the real line onto the positive numbers.

use super::Transform;
use crate::tensor::Tensor;

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
}
