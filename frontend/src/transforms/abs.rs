//! The absolute value, which is no bijection: for densities of folded values use a distribution that has one.

use super::Transform;
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
};

/// `y = |x|` (NumPyro's `AbsTransform`). It has no inverse: `inverse` returns the positive one of two.
#[derive(Clone, Copy, Debug)]
pub struct Abs;

impl Transform for Abs {
    fn forward(&self, x: Tensor) -> Tensor {
        x.abs()
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        y
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        super::no_volume(x, 0)
    }

    fn codomain(&self, _domain: &Support) -> Option<Support> {
        Some(constraints::positive())
    }
}
