//! The logistic function: the real line onto the open unit interval.

use pyroxene_ir::DType;

use super::Transform;
use crate::tensor::Tensor;

/// `y = 1 / (1 + e⁻ˣ)`, never 0 or 1 (NumPyro's `SigmoidTransform`).
///
/// Results are kept between the smallest normal number and 1 − ε, so that densities at them stay finite; beyond, the
/// derivative of `y` is zero while the log determinant keeps its true slope.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl Transform for Sigmoid {
    fn forward(&self, x: Tensor) -> Tensor {
        let (least, greatest) = match x.dtype() {
            DType::F32 => (f64::from(f32::MIN_POSITIVE), f64::from(1.0 - f32::EPSILON)),
            _ => (f64::MIN_POSITIVE, 1.0 - f64::EPSILON),
        };
        x.logistic().maximum(least).minimum(greatest)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        (y / (1.0 - y)).log()
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        -x.softplus() - (-x).softplus()
    }
}
