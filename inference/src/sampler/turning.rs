//! Where a trajectory turns back: the generalised criterion, inside a subtree by checkpoints and between two trees.
//!
//! A subtree of `2ᵈ` leaves is balanced, but its leaves come one by one. Each even leaf opens subtrees, each odd one closes
//! some; what a closing one is compared with stands in a buffer, whose row is the number of ones in the leaf's number (Phan,
//! Pradhan and Jankowiak 2019, "Composable effects for flexible and accelerated probabilistic programming in NumPyro"). Beside
//! the ends of a tree, its halves are compared with the leaf next to them, as in Stan (Carpenter 2019), or trajectories on
//! well-scaled posteriors sometimes miss the turn and go round once more.

use pyroxene_frontend::prelude::*;

use super::{
    places::Places,
    trajectory::{dot, int},
};

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
/// momentum of the leaf before it.
#[derive(Clone, Copy)]
pub(super) struct Checkpoints {
    pub(super) rows: Places,
    pub(super) dimension: usize,
}

impl Checkpoints {
    /// The number of places for subtrees of up to `2^depth` leaves, and their length.
    pub(super) fn room(depth: usize, dimension: usize) -> [usize; 2] {
        [depth + 1, WIDTH * dimension]
    }

    /// Those in a room.
    pub(super) fn of(all: Tensor, dimension: usize) -> Checkpoints {
        Checkpoints { rows: Places { all, width: WIDTH * dimension }, dimension }
    }

    /// Vector `k` of a row.
    fn vector(self, row: Tensor, k: usize) -> Tensor {
        self.rows.read(row, k * self.dimension, self.dimension)
    }

    /// The first momentum that has been written.
    pub(super) fn first(self) -> Tensor {
        self.vector(int(0), 0)
    }

    /// Writes leaf number `i`. An even one takes its row, so that the leaf which begins the second half of a subtree of four
    /// leaves or more is always the row behind the subtree's own. An odd one, which nothing is compared with, takes the
    /// row behind its partner's, which is free.
    pub(super) fn with_leaf(self, i: Tensor, leaf: [Tensor; WIDTH]) -> Checkpoints {
        let (_, last) = rows(i);
        Checkpoints { rows: self.rows.write(last + (i & int(1)), &leaf), ..self }
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
