//! Tangents of operands, with zeros in the place of those that are not there.

use smallvec::SmallVec;

use super::Jvp;
use crate::{
    error::TypeError,
    graph::{Graph, Val},
};

/// The tangent of `x`, zeros where there is none.
pub(super) fn or_zeros(g: &mut Graph, x: Val, tangent: Option<Val>) -> Result<Val, TypeError> {
    tangent.map_or_else(|| g.full_like(x, 0.0), Ok)
}

impl Jvp<'_> {
    /// The tangent of operand `i`, zeros where there is none.
    pub(super) fn tangent(&mut self, i: usize) -> Result<Val, TypeError> {
        or_zeros(self.graph, self.args[i], self.tangents[i])
    }

    /// The tangents of all operands.
    pub(super) fn all_tangents(&mut self) -> Result<SmallVec<[Val; 4]>, TypeError> {
        (0..self.args.len()).map(|i| self.tangent(i)).collect()
    }
}
