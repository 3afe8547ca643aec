//! Transforms: differentiable bijections with the logarithm of their Jacobian's determinant.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims};

use crate::{constraints::Support, distributions::Param, tensor::Tensor};

macro_rules! transforms { ($($file:ident: $($Name:ident),+;)*) => { $(
    mod $file;
    pub use $file::{$($Name),+};
)* } }

transforms! {
    abs: Abs;
    affine: Affine;
    cholesky: Cholesky;
    compose: Compose;
    corr_cholesky: CorrCholesky;
    corr_matrix_cholesky: CorrMatrixCholesky;
    exp: Exp;
    identity: Identity;
    independent: Independent;
    inverse: Inverse;
    l1_ball: L1Ball;
    lower_cholesky: LowerCholesky;
    lower_cholesky_affine: LowerCholeskyAffine;
    ordered: Ordered;
    permute: Permute;
    power: Power;
    reshape: Reshape;
    scaled_unit_lower_cholesky: ScaledUnitLowerCholesky;
    sigmoid: Sigmoid;
    simplex_to_ordered: SimplexToOrdered;
    softplus: Softplus;
    softplus_lower_cholesky: SoftplusLowerCholesky;
    stick_breaking: StickBreaking;
    zero_sum: ZeroSum;
}

mod packed;

/// A bijection (NumPyro's `Transform`).
///
/// Implement it for one of your own; nothing needs registration.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, transforms::{Ordered, Transform}};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cutpoints = eval(|| Ordered.forward(Tensor::from([-1.0, 0.0, 0.0])))?;
/// assert_eq!(cutpoints, Array::from([-1.0, 0.0, 1.0]));
/// # Ok(()) }
/// ```
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

    /// `ln |det ∂y/∂x|` of each event: the dimensions of `x` less `domain_event_dim` rightmost ones. Where `y` has more
    /// elements than free ones, the determinant is by those that determine the others, as NumPyro has it.
    fn log_abs_det_jacobian(&self, x: Tensor, y: Tensor) -> Tensor;

    /// The dimensions of `f(x)` for an `x` of the dimensions `dims`.
    fn forward_dims(&self, dims: &[usize]) -> Dims {
        Dims::from_slice(dims)
    }

    /// The dimensions of `x` that give `y` the dimensions `dims`.
    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        Dims::from_slice(dims)
    }

    /// The set that `domain` is mapped onto, where it has a name (NumPyro's `codomain`); `None` stands for the image itself.
    fn codomain(&self, domain: &Support) -> Option<Support> {
        let _ = domain;
        None
    }

    /// The sign of the derivative of a function of numbers that rises or falls throughout; `None` for others.
    fn sign(&self) -> Option<Tensor> {
        None
    }

    /// The tensors that it reads, each with what it must satisfy.
    fn params(&self) -> Vec<Param> {
        Vec::new()
    }
}

impl Transform for Rc<dyn Transform> {
    fn domain_event_dim(&self) -> usize {
        (**self).domain_event_dim()
    }

    fn codomain_event_dim(&self) -> usize {
        (**self).codomain_event_dim()
    }

    fn forward(&self, x: Tensor) -> Tensor {
        (**self).forward(x)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        (**self).inverse(y)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, y: Tensor) -> Tensor {
        (**self).log_abs_det_jacobian(x, y)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        (**self).forward_dims(dims)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        (**self).inverse_dims(dims)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        (**self).codomain(domain)
    }

    fn sign(&self) -> Option<Tensor> {
        (**self).sign()
    }

    fn params(&self) -> Vec<Param> {
        (**self).params()
    }
}

/// Whether a set of numbers, or of events of independent numbers, is the whole real line.
fn is_whole(domain: &Support) -> bool {
    domain.bounds().is_some_and(|b| b.low.is_none() && b.high.is_none())
}

/// The dimensions of a tensor that meets `other` element by element; its own where they do not broadcast, which the
/// arithmetic reports.
fn meet(dims: &[usize], other: &[usize]) -> Dims {
    pyroxene_ir::shape::broadcast(dims, other).unwrap_or_else(|| Dims::from_slice(dims))
}

/// The dimensions with the last one of another size.
fn with_last(dims: &[usize], size: impl FnOnce(usize) -> usize) -> Dims {
    let mut dims = Dims::from_slice(dims);
    if let Some(last) = dims.last_mut() {
        *last = size(*last);
    }
    dims
}

/// `n` numbers: `first`, the one below, and so on.
fn counting_down(first: usize, n: usize, dtype: DType) -> Tensor {
    (Tensor::from(first as i64) - Tensor::arange(n)).convert(dtype)
}

/// The size of the last dimension; zero without one.
fn last_size(x: Tensor) -> usize {
    x.dims().last().copied().unwrap_or_default()
}

/// Zero for each event.
fn no_volume(x: Tensor, event_dim: usize) -> Tensor {
    let dims = x.dims();
    let batch = &dims[..dims.len().saturating_sub(event_dim)];
    Tensor::from(0.0).convert(x.dtype()).broadcast_to(batch)
}
