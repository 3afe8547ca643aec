//! Shift and scale.

use super::Transform;
use crate::tensor::Tensor;

/// `y = loc + scale x`, element by element (NumPyro's `AffineTransform`).
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    loc: Tensor,
    scale: Tensor,
}

impl Affine {
    /// Shift `loc` and factor `scale`, which is not zero; both broadcast to the argument.
    #[track_caller]
    pub fn new(loc: impl Into<Tensor>, scale: impl Into<Tensor>) -> Affine {
        Affine { loc: loc.into(), scale: scale.into() }
    }
}

impl Transform for Affine {
    fn forward(&self, x: Tensor) -> Tensor {
        self.loc + self.scale * x
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        (y - self.loc) / self.scale
    }

    fn log_abs_det_jacobian(&self, _x: Tensor, y: Tensor) -> Tensor {
        self.scale.abs().log().convert(y.dtype()).broadcast_to(&y.dims())
    }
}
