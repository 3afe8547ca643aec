//! Transforms one after another.

use std::rc::Rc;

use pyroxene_ir::Dims;

use super::Transform;
use crate::{
    constraints::{self, Support},
    distributions::Param,
    tensor::Tensor,
};

/// `y = fₙ(… f₁(x))` (NumPyro's `ComposeTransform`).
#[derive(Clone)]
pub struct Compose {
    parts: Vec<Rc<dyn Transform>>,
}

impl Compose {
    /// The transforms in the order in which they apply.
    pub fn new(parts: impl IntoIterator<Item = Rc<dyn Transform>>) -> Compose {
        Compose { parts: parts.into_iter().collect() }
    }
}

impl Transform for Compose {
    fn domain_event_dim(&self) -> usize {
        // From the last part backwards: what one result spans, seen through each part, and at least what that part
        // itself needs.
        self.parts.iter().rev().fold(0, |n: usize, part| {
            let (domain, codomain) = (part.domain_event_dim(), part.codomain_event_dim());
            n.max(codomain) - codomain + domain
        })
    }

    fn codomain_event_dim(&self) -> usize {
        self.parts.iter().fold(0, |n: usize, part| {
            let (domain, codomain) = (part.domain_event_dim(), part.codomain_event_dim());
            n.max(domain) - domain + codomain
        })
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.parts.iter().fold(x, |x, part| part.forward(x))
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        self.parts.iter().rev().fold(y, |y, part| part.inverse(y))
    }

    fn log_abs_det_jacobian(&self, x: Tensor, y: Tensor) -> Tensor {
        let mut event_dim = self.domain_event_dim();
        let (mut x, mut total) = (x, None);
        for (i, part) in self.parts.iter().enumerate() {
            let after = if i + 1 == self.parts.len() { y } else { part.forward(x) };
            let shared = event_dim - part.domain_event_dim();
            let own = part.log_abs_det_jacobian(x, after).sum_rightmost(shared);
            total = Some(total.map_or(own, |total: Tensor| total + own));
            event_dim = shared + part.codomain_event_dim();
            x = after;
        }
        total.unwrap_or_else(|| super::Identity.log_abs_det_jacobian(x, y))
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.parts.iter().rev().fold(Dims::from_slice(dims), |dims, part| part.inverse_dims(&dims))
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        self.parts.iter().fold(Dims::from_slice(dims), |dims, part| part.forward_dims(&dims))
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        Some(self.parts.iter().fold(domain.clone(), |domain, part| constraints::image(domain, part.clone())))
    }

    fn sign(&self) -> Option<Tensor> {
        self.parts.iter().try_fold(Tensor::from(1.0), |sign, part| Some(sign * part.sign()?))
    }

    fn params(&self) -> Vec<Param> {
        self.parts.iter().flat_map(|part| part.params()).collect()
    }
}
