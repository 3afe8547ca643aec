//! Probabilities of ordered categories onto the cutpoints of an ordered logistic model.

use pyroxene_ir::Dims;

use super::{Transform, with_last};
use crate::{Ellipsis, constraints, distributions::Param, tensor::Tensor};

/// `yₖ = logit(x₀ + … + xₖ) + anchor_point` (NumPyro's `SimplexToOrderedTransform`; Betancourt's ordinal regression).
///
/// NumPyro's log determinant leaves out the shift by the anchor; this one is that of the map.
#[derive(Clone, Copy, Debug)]
pub struct SimplexToOrdered {
    anchor_point: Tensor,
}

impl SimplexToOrdered {
    /// The shift of all cutpoints, which broadcasts with the batch.
    #[track_caller]
    pub fn new(anchor_point: impl Into<Tensor>) -> SimplexToOrdered {
        SimplexToOrdered { anchor_point: anchor_point.into() }
    }

    fn anchor(&self) -> Tensor {
        self.anchor_point.expand_dims(-1)
    }
}

impl Transform for SimplexToOrdered {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        1
    }

    fn forward(&self, x: Tensor) -> Tensor {
        // The sums from both ends, so that neither tail loses digits.
        let below = x.at((Ellipsis, ..-1)).cumsum(-1);
        let above = x.at((Ellipsis, 1..)).cumsum_reverse(-1);
        below.log() - above.log() + self.anchor()
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        // σ(b) − σ(a) = σ(b) σ(−a) (1 − e^(a − b)): differences of numbers near one have no digits.
        let y = y - self.anchor();
        let (up, down) = (y.logistic(), (-y).logistic());
        let between = up.at((Ellipsis, 1..)) * down.at((Ellipsis, ..-1)) * -(-y.diff(-1)).expm1();
        Tensor::concatenate_axis(&[up.at((Ellipsis, ..1)), between, down.at((Ellipsis, -1..))], -1)
    }

    fn log_abs_det_jacobian(&self, _x: Tensor, y: Tensor) -> Tensor {
        let y = y - self.anchor();
        (y.softplus() + (-y).softplus()).sum_axis(-1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        with_last(dims, |n| n.saturating_sub(1))
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        with_last(dims, |n| n.saturating_add(1))
    }

    fn codomain(&self, _domain: &constraints::Support) -> Option<constraints::Support> {
        Some(constraints::ordered_vector())
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("anchor_point", self.anchor_point, constraints::real())]
    }
}
