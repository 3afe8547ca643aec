//! Reading at positions.

use pyroxene_ir::{Dims, Loc, ops};

use super::Tensor;
use crate::trace::apply;

impl Tensor {
    /// The slice at position `index` of the first dimension, which disappears: `x.at(0)` of a vector is a scalar.
    #[track_caller]
    pub fn at(self, index: usize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("at", 0, &loc) else { return Tensor::POISON };
        let dims = self.dims();
        let (mut start, mut limit): (Dims, Dims) = (dims.iter().map(|_| 0).collect(), dims.clone());
        (start[axis], limit[axis]) = (index, index.saturating_add(1));
        let row = apply(ops::Slice::new(start, limit), &[self], loc.clone());
        apply(ops::Reshape { dims: Dims::from_slice(&dims[1..]) }, &[row], loc)
    }

    /// The slices at the integers `index` of the first dimension (NumPy's `x[index]`). An index outside is an error of
    /// the data where it is known before a run, and is clamped otherwise.
    #[track_caller]
    pub fn take(self, index: impl Into<Tensor>) -> Tensor {
        let (index, loc) = (index.into(), Loc::caller());
        if self.resolve_axis("take", 0, &loc).is_none() {
            return Tensor::POISON;
        }
        let taken = apply(ops::Take { axis: 0 }, &[self, index], loc.clone());
        if !taken.is_poison() {
            let size = self.dims()[0];
            let holds = index.greater_equal(0i64) & index.less(size);
            crate::primitives::check(
                holds,
                index,
                format!("an index from 0 to {}", size.saturating_sub(1)),
                loc,
            );
        }
        taken
    }
}
