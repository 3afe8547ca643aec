//! Where a trajectory turns back: the generalised criterion, inside a subtree by checkpoints and between two trees.
//!
//! A subtree of `2ᵈ` leaves is balanced, but its leaves come one by one. Each even leaf opens subtrees, each odd one closes
//! some; what a closing one is compared with stands in a buffer, whose row is the number of ones in the leaf's number (Phan,
//! Pradhan and Jankowiak 2019, "Composable effects for flexible and accelerated probabilistic programming in NumPyro"). Beside
//! the ends of a tree, its halves are compared with the leaf next to them, as in Stan (Carpenter 2019), or trajectories on
//! well-scaled posteriors sometimes miss the turn and go round once more.

use pyroxene_frontend::prelude::*;

use super::trajectory::{dot, int};

/// Whether a stretch with these momenta at its ends, and their sum over it, turns back at one of them (Betancourt 2017,
/// appendix A.4.2); in the metric's coordinates.
pub(super) fn is_turning(first: Tensor, last: Tensor, sum: Tensor) -> Tensor {
    dot(first, sum).less_equal(0.0) | dot(last, sum).less_equal(0.0)
}

/// Two neighbouring stretches in the order in which they were made, of which the first ends where the second begins.
pub(super) struct Halves {
    /// The momenta at the far and at the near end of the first stretch, and their sum over it.
    pub(super) first: [Tensor; 3],
    /// The momenta at the near and at the far end of the second one, and their sum over it.
    pub(super) second: [Tensor; 3],
}

impl Halves {
    /// Whether the two together turn back, or one of them with the next leaf of the other.
    pub(super) fn are_turning(&self) -> Tensor {
        let [far, near, sum] = self.first;
        let [begin, end, second] = self.second;
        is_turning(far, end, sum + second)
            | is_turning(far, begin, sum + begin)
            | is_turning(near, end, second + near)
    }
}

/// The rows of the buffer that hold the leaves which leaf number `i` (`i32[]`) closes subtrees with: the first and the
/// last. For an even leaf there are none, and the last is the row that the leaf itself takes.
pub(super) fn rows(i: Tensor) -> (Tensor, Tensor) {
    let last = (i >> 1).popcount();
    // As many subtrees end with a leaf as its number ends with ones.
    let closed = (i & !(i + 1i64)).popcount();
    (last - closed + 1i64, last)
}

/// The number of vectors in a row.
const WIDTH: usize = 3;

/// The leaves that have opened subtrees: for each the momentum there, the sum of momenta up to and with it, and the
/// momentum of the leaf before it. One vector after the other: a dimension for each would make XLA copy them one number at
/// a time.
#[derive(Clone, Copy)]
pub(super) struct Checkpoints {
    pub(super) rows: Tensor,
    pub(super) dimension: usize,
}

impl Checkpoints {
    /// Room for subtrees of up to `2^depth` leaves.
    pub(super) fn new(depth: usize, dimension: usize, float: DType) -> Checkpoints {
        Checkpoints { rows: Tensor::zeros(&[(depth + 1) * WIDTH * dimension]).convert(float), dimension }
    }

    /// Where vector `k` of a row begins.
    fn start(self, row: Tensor, k: usize) -> Tensor {
        (row * (WIDTH * self.dimension) + k * self.dimension).convert(DType::I64)
    }

    /// Vector `k` of a row.
    fn vector(self, row: Tensor, k: usize) -> Tensor {
        self.rows.dynamic_slice(&[self.start(row, k)], &[self.dimension])
    }

    /// The first momentum that has been written.
    pub(super) fn first(self) -> Tensor {
        self.rows.at(0..self.dimension as isize)
    }

    /// Writes leaf number `i`. An even one takes its row, so that the leaf which begins the second half of a subtree of four
    /// leaves or more is always the row behind the subtree's own. An odd one, which nothing is compared with, takes the
    /// row behind its partner's, which is free.
    pub(super) fn with_leaf(self, i: Tensor, leaf: [Tensor; WIDTH]) -> Checkpoints {
        let (_, last) = rows(i);
        let row = last + (i & int(1));
        let write = |rows: Tensor, k: usize| rows.dynamic_update_slice(leaf[k], &[self.start(row, k)]);
        Checkpoints { rows: (0..WIDTH).fold(self.rows, write), ..self }
    }

    /// Whether one of the subtrees that leaf number `i` closes turns back; `sum` is that of all momenta up to the leaf, `last`
    /// the momentum of the leaf before it.
    pub(super) fn are_turning(self, i: Tensor, last: Tensor, momentum: Tensor, sum: Tensor) -> Tensor {
        let (least, most) = rows(i);
        // An even leaf closes nothing, an odd one at least itself and the leaf before it: for these the three stretches are
        // one.
        let odd = (i & int(1)).equal(1i64);
        let pair = odd & is_turning(last, momentum, last + momentum);
        let more = |(row, turning): &(Tensor, Tensor)| row.greater_equal(least) & !*turning;
        let next = |(row, _): &(Tensor, Tensor)| {
            let [far, until_far] = [0, 1].map(|k| self.vector(*row, k));
            let [begin, until_begin, near] = [0, 1, 2].map(|k| self.vector(*row + 1i64, k));
            let halves = Halves {
                first: [far, near, until_begin - begin - until_far + far],
                second: [begin, momentum, sum - until_begin + begin],
            };
            (*row - 1i64, halves.are_turning())
        };
        while_loop((most - 1i64, pair), more, next).1
    }
}
