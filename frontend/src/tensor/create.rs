//! Tensors made from nothing but their shape.

use pyroxene_ir::{Dims, Loc, ops};

use super::Tensor;
use crate::trace::{self, apply};

impl Tensor {
    /// Every element `x`.
    #[track_caller]
    pub fn full(dims: &[usize], x: impl Into<Tensor>) -> Tensor {
        x.into().broadcast_to(dims)
    }

    /// The integers 0, 1, … n − 1.
    #[track_caller]
    pub fn arange(n: usize) -> Tensor {
        let dims = Dims::from_slice(&[n]);
        apply(ops::Iota { dtype: trace::DEFAULT_INT, dims, axis: 0 }, &[], Loc::caller())
    }
}
