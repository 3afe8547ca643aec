//! A transform of events made of several of its own.

use std::rc::Rc;

use pyroxene_ir::Dims;

use super::Transform;
use crate::{
    constraints::{self, Support},
    distributions::Param,
    tensor::Tensor,
};

/// `base` on each element of events that span `n` more dimensions (NumPyro's `IndependentTransform`).
#[derive(Clone)]
pub struct Independent {
    base: Rc<dyn Transform>,
    n: usize,
}

impl Independent {
    /// The `n` dimensions left of `base`'s events become part of one event.
    pub fn new(base: Rc<dyn Transform>, n: usize) -> Independent {
        Independent { base, n }
    }
}

impl Transform for Independent {
    fn domain_event_dim(&self) -> usize {
        self.base.domain_event_dim() + self.n
    }

    fn codomain_event_dim(&self) -> usize {
        self.base.codomain_event_dim() + self.n
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.base.forward(x)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        self.base.inverse(y)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, y: Tensor) -> Tensor {
        self.base.log_abs_det_jacobian(x, y).sum_rightmost(self.n)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.base.inverse_dims(dims)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        self.base.forward_dims(dims)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        self.base.codomain(domain)
    }

    fn params(&self) -> Vec<Param> {
        // Seen from the whole event, a parameter spans its new dimensions too.
        let wider = |p: Param| Param { constraint: constraints::independent(p.constraint, self.n), ..p };
        self.base.params().into_iter().map(wider).collect()
    }
}
