//! Axes: which dimensions an operation runs over.

use pyroxene_ir::{Dims, Loc, ops, shape};

use super::Tensor;
use crate::trace::{ErrorKind, apply, fail};

impl Tensor {
    pub(super) fn resolve_axis(self, op: &'static str, axis: isize, loc: &Loc) -> Option<usize> {
        if self.is_poison() {
            return None;
        }
        let dims = self.dims();
        let found = shape::axis(axis, dims.len());
        if found.is_none() {
            fail(ErrorKind::Axis { op, axis, dims: dims.to_vec() }, loc.clone());
        }
        found
    }

    /// All elements as a vector.
    #[track_caller]
    pub(super) fn flat(self) -> Tensor {
        if self.rank() == 1 || self.is_poison() {
            return self;
        }
        self.reshape(&[self.dims().iter().product()])
    }

    /// The size along a resolved axis.
    pub(super) fn size(self, axis: usize) -> usize {
        self.dims()[axis]
    }

    /// The result of a reduction with the axis back, of size one.
    #[track_caller]
    pub(super) fn keep(self, axis: usize) -> Tensor {
        let mut dims = self.dims();
        if axis > dims.len() {
            return Tensor::POISON;
        }
        dims.insert(axis, 1);
        self.reshape(&dims)
    }

    /// The elements from `start` to `limit` along an axis.
    pub(super) fn part(self, axis: usize, start: usize, limit: usize, loc: &Loc) -> Tensor {
        let dims = self.dims();
        let (mut from, mut to): (Dims, Dims) = (dims.iter().map(|_| 0).collect(), dims);
        if axis >= to.len() {
            return Tensor::POISON;
        }
        (from[axis], to[axis]) = (start, limit);
        apply(ops::Slice::new(from, to), &[self], loc.clone())
    }
}
