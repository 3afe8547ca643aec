//! Tensors onto those whose sums along some dimensions are zero.

use pyroxene_ir::Dims;

use super::{Transform, is_whole};
use crate::{
    constraints::{self, Support},
    tensor::Tensor,
};

/// One more element along each of the `n` rightmost dimensions, such that sums along them are zero and distances stay
/// (NumPyro's `ZeroSumTransform`, PyMC's).
#[derive(Clone, Copy, Debug)]
pub struct ZeroSum {
    n: usize,
}

impl ZeroSum {
    /// How many of the rightmost dimensions sum to zero.
    pub fn new(n: usize) -> ZeroSum {
        ZeroSum { n }
    }

    fn axes(self) -> impl Iterator<Item = isize> {
        (1..=self.n as isize).map(|k| -k)
    }

    fn resized(self, dims: &[usize], size: impl Fn(usize) -> usize) -> Dims {
        let kept = dims.len().saturating_sub(self.n);
        dims.iter().enumerate().map(|(i, d)| if i < kept { *d } else { size(*d) }).collect()
    }
}

impl Transform for ZeroSum {
    fn domain_event_dim(&self) -> usize {
        self.n
    }

    fn codomain_event_dim(&self) -> usize {
        self.n
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.axes().fold(x, |x, axis| {
            let n = (x.dim(axis) + 1) as f64;
            let sum = x.sum_axis(crate::keepdims(axis));
            let shift = sum / (n.sqrt() + n);
            Tensor::concatenate_axis(&[x - shift, -sum / n.sqrt()], axis)
        })
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        self.axes().fold(y, |y, axis| {
            let size = y.dim(axis);
            let n = size as f64;
            let parts = y.split_at(&[size.saturating_sub(1)], axis);
            let [rest, last] = parts[..] else { return Tensor::POISON };
            rest - last * n.sqrt() / (n.sqrt() + n)
        })
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        super::no_volume(x, self.n)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        self.resized(dims, |d| d.saturating_add(1))
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.resized(dims, |d| d.saturating_sub(1))
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        is_whole(domain).then(|| constraints::zero_sum(self.n))
    }
}
