//! What batch rules share: bringing the batch of several operands to one place.

use super::{Batch, Op};
use crate::{
    error::TypeError,
    graph::{Operands, Val},
    types::Dims,
};

impl Batch<'_> {
    /// The batch's dimension in the first operand that has one.
    pub(super) fn common_axis(&self) -> usize {
        self.axes.iter().flatten().next().copied().unwrap_or(0)
    }

    /// The only operand that may hold the batch, and its dimension there.
    pub(super) fn first(&self) -> (Val, usize) {
        (self.args[0], self.axes[0].unwrap_or(0))
    }

    /// Operand `i` with the batch along dimension `axis`; one that all members share is repeated.
    pub(super) fn at(&mut self, i: usize, axis: usize) -> Result<Val, TypeError> {
        match self.axes[i] {
            Some(from) => self.graph.move_axis(self.args[i], from, axis),
            None => self.graph.repeat_along(self.args[i], axis, self.size),
        }
    }

    /// All operands with the batch along `axis`.
    pub(super) fn aligned(&mut self, axis: usize) -> Result<Operands, TypeError> {
        (0..self.args.len()).map(|i| self.at(i, axis)).collect()
    }

    /// The first operand with its batch in front, or at the back where it is there already, and which of the two.
    pub(super) fn at_an_end(&mut self) -> Result<(Val, End), TypeError> {
        let (x, axis) = self.first();
        if axis > 0 && axis + 1 == self.graph.ty(x).rank() {
            return Ok((x, End::Back));
        }
        Ok((self.graph.move_axis(x, axis, 0)?, End::Front))
    }

    /// The result of `op` on the first operand, whose batch it leaves along the same dimension.
    pub(super) fn in_place(&mut self, op: impl Into<Op>) -> Result<(Val, usize), TypeError> {
        let (x, axis) = self.first();
        Ok((self.graph.push(op, &[x])?, axis))
    }

    /// The result of an op that takes `axes` away from its only operand; `op` makes it of where they are in a batch.
    pub(super) fn reduced<T: Into<Op>>(
        &mut self,
        axes: &[usize],
        op: impl FnOnce(Dims) -> T,
    ) -> Result<(Val, usize), TypeError> {
        let (x, axis) = self.first();
        let axes = shift(axes, axis);
        let after = after_removing(axis, &axes);
        Ok((self.graph.push(op(axes), &[x])?, after))
    }
}

/// Where a batch lies: before all other dimensions, or after them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

impl End {
    /// Dimensions of one member with those of the batch put in.
    pub(super) fn with(self, size: usize, dims: &[usize]) -> Dims {
        match self {
            End::Front => std::iter::once(size).chain(dims.iter().copied()).collect(),
            End::Back => dims.iter().copied().chain([size]).collect(),
        }
    }

    /// The dimension of a batched value that dimension `i` of one member is.
    pub(super) fn shifted(self, i: usize) -> usize {
        i + usize::from(self == End::Front)
    }

    /// The batch's dimension in a value whose members have rank `rank`.
    pub(super) fn axis(self, rank: usize) -> usize {
        if self == End::Front { 0 } else { rank }
    }
}

/// A list over dimensions of one member, with an entry for the batch put in at `axis`.
pub(super) fn insert(list: &[usize], axis: usize, entry: usize) -> Dims {
    let mut out = Dims::from_slice(list);
    out.insert(axis, entry);
    out
}

/// Dimensions of one member as those of a batched value.
pub(super) fn shift(list: &[usize], axis: usize) -> Dims {
    list.iter().map(|i| i + usize::from(*i >= axis)).collect()
}

/// The batch's dimension once `axes` of a batched value, which are others, are gone.
fn after_removing(axis: usize, axes: &[usize]) -> usize {
    axis - axes.iter().filter(|a| **a < axis).count()
}
