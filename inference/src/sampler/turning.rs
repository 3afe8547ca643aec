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

/// The leaves that have opened subtrees: for each the momentum there, the sum of momenta up to and with it, and the
/// momentum of the leaf before it.
#[derive(Clone, Copy)]
pub(super) struct Checkpoints {
    pub(super) rows: Tensor,
    pub(super) dimension: usize,
}

impl Checkpoints {
    /// Room for subtrees of up to `2^depth` leaves.
    pub(super) fn new(depth: usize, dimension: usize, float: DType) -> Checkpoints {
        Checkpoints { rows: Tensor::zeros(&[depth + 1, 3, dimension]).convert(float), dimension }
    }

    /// Writes leaf number `i`. An odd one takes the row behind its partner's, which is free: so the leaf that begins the
    /// second half of a subtree is always the row behind the subtree's own.
    pub(super) fn with_leaf(self, i: Tensor, leaf: [Tensor; 3]) -> Checkpoints {
        let (_, last) = rows(i);
        let row = last + (i & int(1));
        let update = Tensor::stack(&leaf).reshape(&[1, 3, self.dimension]);
        let zero = Tensor::from(0i64);
        Checkpoints { rows: self.rows.dynamic_update_slice(update, &[row, zero, zero]), ..self }
    }

    /// Whether one of the subtrees that leaf number `i` closes turns back; `sum` is that of all momenta up to the leaf.
    pub(super) fn are_turning(self, i: Tensor, momentum: Tensor, sum: Tensor) -> Tensor {
        let (first, last) = rows(i);
        let more = |(row, turning): &(Tensor, Tensor)| row.greater_equal(first) & !*turning;
        let next = |(row, _): &(Tensor, Tensor)| {
            let zero = Tensor::from(0i64);
            let two = self.rows.dynamic_slice(&[*row, zero, zero], &[2, 3, self.dimension]);
            let [far, until_far, _] = [0, 1, 2].map(|k| two.at((0, k)));
            let [begin, until_begin, near] = [0, 1, 2].map(|k| two.at((1, k)));
            let halves = Halves {
                first: [far, near, until_begin - begin - until_far + far],
                second: [begin, momentum, sum - until_begin + begin],
            };
            (*row - 1i64, halves.are_turning())
        };
        // An even leaf closes nothing.
        let odd = (i & int(1)).equal(1i64);
        let start = odd.select(last, first - 1i64);
        while_loop((start, Tensor::from(false)), more, next).1
    }
}
