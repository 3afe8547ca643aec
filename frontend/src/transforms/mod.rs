//! Transforms: differentiable bijections with the logarithm of their Jacobian's determinant.

mod affine;
mod compose;
mod exp;
mod identity;
mod independent;
mod sigmoid;

use pyroxene_ir::Dims;

pub use affine::Affine;
pub use compose::Compose;
pub use exp::Exp;
pub use identity::Identity;
pub use independent::Independent;
pub use sigmoid::Sigmoid;

use crate::tensor::Tensor;

/// A bijection (NumPyro's `Transform`).
///
/// Implement it for one of your own; nothing needs registration.
pub trait Transform {
    /// How many of the rightmost dimensions one argument spans.
    fn domain_event_dim(&self) -> usize {
        0
    }

    /// How many of the rightmost dimensions one result spans.
    fn codomain_event_dim(&self) -> usize {
        0
    }

    /// `y = f(x)`.
    fn forward(&self, x: Tensor) -> Tensor;

    /// `x = f⁻¹(y)`.
    fn inverse(&self, y: Tensor) -> Tensor;

    /// `ln |det ∂y/∂x|` of each event: the dimensions of `x` less `domain_event_dim` rightmost ones.
    fn log_abs_det_jacobian(&self, x: Tensor, y: Tensor) -> Tensor;

    /// The dimensions of `x` that give `y` the dimensions `dims`.
    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        Dims::from_slice(dims)
    }
}
