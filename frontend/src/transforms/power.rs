//! Powers of positive numbers.

use pyroxene_ir::Dims;

use super::{Transform, meet};
use crate::{
    constraints::{self, Support},
    distributions::Param,
    tensor::Tensor,
};

/// `y = xᵉ` for positive `x` (NumPyro's `PowerTransform`).
#[derive(Clone, Copy, Debug)]
pub struct Power {
    exponent: Tensor,
}

impl Power {
    /// The exponent, which is not zero; it broadcasts to the argument.
    #[track_caller]
    pub fn new(exponent: impl Into<Tensor>) -> Power {
        Power { exponent: exponent.into() }
    }
}

impl Transform for Power {
    fn forward(&self, x: Tensor) -> Tensor {
        x.pow(self.exponent)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        y.pow(1.0 / self.exponent)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        // By x alone: y may have over- or underflown.
        self.exponent.abs().log() + (self.exponent - 1.0) * x.log()
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        meet(dims, &self.exponent.dims())
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.forward_dims(dims)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        let bounds = domain.bounds()?;
        let zero = bounds.low.and_then(crate::trace::constant_of)?;
        let positive = bounds.high.is_none() && zero.to_f64_vec().iter().all(|x| *x == 0.0);
        positive.then(constraints::positive)
    }

    fn sign(&self) -> Option<Tensor> {
        Some(self.exponent.sign())
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("exponent", self.exponent, constraints::nonzero())]
    }
}
