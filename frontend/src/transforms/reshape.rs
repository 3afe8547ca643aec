//! Events in other dimensions.

use pyroxene_ir::Dims;

use super::Transform;
use crate::tensor::Tensor;

/// Events of dimensions `from` as events of dimensions `to`, in row-major order (NumPyro's `ReshapeTransform`).
#[derive(Clone, Debug)]
pub struct Reshape {
    to: Dims,
    from: Dims,
}

impl Reshape {
    /// The dimensions of results and of arguments, in NumPyro's order; they must have equally many elements.
    pub fn new(to: &[usize], from: &[usize]) -> Reshape {
        Reshape { to: Dims::from_slice(to), from: Dims::from_slice(from) }
    }
}

/// `dims` with the last dimensions, as many as `from` has, replaced by `to`.
fn replaced(dims: &[usize], from: &Dims, to: &Dims) -> Dims {
    dims[..dims.len().saturating_sub(from.len())].iter().chain(to).copied().collect()
}

impl Transform for Reshape {
    fn domain_event_dim(&self) -> usize {
        self.from.len()
    }

    fn codomain_event_dim(&self) -> usize {
        self.to.len()
    }

    fn forward(&self, x: Tensor) -> Tensor {
        x.reshape(&self.forward_dims(&x.dims()))
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        y.reshape(&self.inverse_dims(&y.dims()))
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        super::no_volume(x, self.from.len())
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        replaced(dims, &self.from, &self.to)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        replaced(dims, &self.to, &self.from)
    }
}
