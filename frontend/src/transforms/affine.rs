//! Shift and scale.

use pyroxene_ir::Dims;

use super::{Transform, is_whole, meet};
use crate::{
    constraints::{self, Bounds, Support},
    distributions::Param,
    tensor::Tensor,
    trace,
};

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

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        meet(&meet(dims, &self.loc.dims()), &self.scale.dims())
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.forward_dims(dims)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        if is_whole(domain) {
            return Some(constraints::real());
        }
        // Which end is which is known for a literal factor alone.
        let scale = trace::constant_of(self.scale)?.to_f64_vec();
        let rises = scale.iter().all(|s| *s > 0.0);
        if !rises && !scale.iter().all(|s| *s < 0.0) {
            return None;
        }
        let bounds = domain.bounds()?;
        let moved = |end: Option<Tensor>| end.map(|end| self.forward(end));
        let (low, high) = (moved(bounds.low), moved(bounds.high));
        let (low, high) = if rises { (low, high) } else { (high, low) };
        Some(Bounds { low, high }.support())
    }

    fn sign(&self) -> Option<Tensor> {
        Some(self.scale.sign())
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("loc", self.loc, constraints::real()),
            Param::new("scale", self.scale, constraints::nonzero()),
        ]
    }
}
