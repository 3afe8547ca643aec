//! A transform the other way round.

use std::rc::Rc;

use pyroxene_ir::Dims;

use super::Transform;
use crate::{distributions::Param, tensor::Tensor};

/// `y = f⁻¹(x)` (NumPyro's `Transform.inv`).
#[derive(Clone)]
pub struct Inverse {
    of: Rc<dyn Transform>,
}

impl Inverse {
    /// The inverse of a transform.
    pub fn new(of: impl Transform + 'static) -> Inverse {
        Inverse { of: Rc::new(of) }
    }
}

impl Transform for Inverse {
    fn domain_event_dim(&self) -> usize {
        self.of.codomain_event_dim()
    }

    fn codomain_event_dim(&self) -> usize {
        self.of.domain_event_dim()
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.of.inverse(x)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        self.of.forward(y)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, y: Tensor) -> Tensor {
        -self.of.log_abs_det_jacobian(y, x)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        self.of.inverse_dims(dims)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.of.forward_dims(dims)
    }

    fn sign(&self) -> Option<Tensor> {
        self.of.sign()
    }

    fn params(&self) -> Vec<Param> {
        self.of.params()
    }
}
