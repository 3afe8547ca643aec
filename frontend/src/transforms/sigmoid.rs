//! The logistic function: the real line onto the open unit interval.

use super::{Transform, is_whole};
use crate::{
    constraints::{self, Support},
    random::{epsilon, tiny},
    tensor::Tensor,
};

/// `y = 1 / (1 + e⁻ˣ)`, never 0 or 1 (NumPyro's `SigmoidTransform`).
///
/// Results are kept between the smallest normal number and 1 − ε, so that densities at them stay finite; beyond, the
/// derivative of `y` is zero while the log determinant keeps its true slope.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl Transform for Sigmoid {
    fn forward(&self, x: Tensor) -> Tensor {
        x.logistic().clamp(tiny(x.dtype()), 1.0 - epsilon(x.dtype()))
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        (y / (1.0 - y)).log()
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        -x.softplus() - (-x).softplus()
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::unit_interval)
    }

    fn sign(&self) -> Option<Tensor> {
        Some(Tensor::from(1.0))
    }
}
