//! Vectors onto the ball of those whose absolute values sum to less than one.

use super::{Transform, corr_cholesky::log_sech, counting_down, is_whole, last_size, with_last};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    random::{epsilon, tiny},
    tensor::Tensor,
};

/// Each number's `tanh` is a share of what is left of one (NumPyro's `L1BallTransform`).
#[derive(Clone, Copy, Debug)]
pub struct L1Ball;

/// `left` one place later, after a first one.
fn before(left: Tensor) -> Tensor {
    let one = Tensor::ones(&with_last(&left.dims(), |n| n.min(1))).convert(left.dtype());
    Tensor::concatenate_axis(&[one, left.at((Ellipsis, ..-1))], -1)
}

impl Transform for L1Ball {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        1
    }

    fn forward(&self, x: Tensor) -> Tensor {
        // 1 − |tanh x|, with all digits where it is small.
        let left = 2.0 * (-2.0 * x.abs()).logistic();
        x.tanh() * before(left.cumprod(-1))
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        let left = before(1.0 - y.abs().cumsum(-1)).maximum(tiny(y.dtype()));
        let most = 1.0 - epsilon(y.dtype());
        (y / left).clamp(-most, most).atanh()
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        // Share j has the slope sech² and shrinks all after it.
        let n = last_size(x);
        let later = counting_down(n.saturating_sub(1), n, x.dtype());
        let log_left = std::f64::consts::LN_2 + (-2.0 * x.abs()).log_sigmoid();
        (2.0 * log_sech(x) + later * log_left).sum_axis(-1)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(constraints::l1_ball)
    }
}
