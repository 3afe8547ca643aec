//! Vectors onto the simplex, by breaking parts off a stick.

use pyroxene_ir::Dims;

use super::{Transform, counting_down, is_whole, last_size, with_last};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    random::{epsilon, tiny},
    tensor::Tensor,
};

/// `n` numbers to `n + 1` positive ones that sum to one (NumPyro's `StickBreakingTransform`, Stan's until 2.36): of what is
/// left of the stick, part `k` takes `σ(xₖ − ln(n − k))`, so that zeros give equal parts.
///
/// Parts are never zero, so that densities at them stay finite; what remains is computed as `σ(−x)`, with all digits where
/// a part takes nearly everything. The log determinant is the exact one throughout.
#[derive(Clone, Copy, Debug)]
pub struct StickBreaking;

/// `ln(n − k)`.
fn balance(x: Tensor) -> Tensor {
    let n = last_size(x);
    counting_down(n, n, x.dtype()).log()
}

impl Transform for StickBreaking {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        1
    }

    fn forward(&self, x: Tensor) -> Tensor {
        let (least, most) = (tiny(x.dtype()), 1.0 - epsilon(x.dtype()));
        let x = x - balance(x);
        let part = x.logistic().clamp(least, most);
        let left = (-x).logistic().cumprod(-1);
        let one = Tensor::ones(&with_last(&x.dims(), |_| 1)).convert(x.dtype());
        let before = Tensor::concatenate_axis(&[one, left], -1);
        let part = Tensor::concatenate_axis(&[part, one], -1);
        (part * before).maximum(least)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        // What is left after each part, as the sum of those that follow: a difference from one loses its digits.
        let after = y.at((Ellipsis, 1..)).cumsum_reverse(-1).maximum(tiny(y.dtype()));
        let x = y.at((Ellipsis, ..-1)).log() - after.log();
        x + balance(x)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        // Each part's slope is that of the logistic function; n − k − 1 later ones shrink with what it leaves.
        let n = last_size(x);
        let times = counting_down(n, n, x.dtype());
        let x = x - balance(x);
        (x.log_sigmoid() + times * (-x).log_sigmoid()).sum_axis(-1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        with_last(dims, |n| n.saturating_add(1))
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        with_last(dims, |n| n.saturating_sub(1))
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::simplex)
    }
}
