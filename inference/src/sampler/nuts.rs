//! A transition of the No-U-Turn sampler as loops: doublings around leaves around the subtrees that a leaf closes.
//!
//! Hoffman and Gelman 2014 with multinomial weights and biased progressive sampling (Betancourt 2017, appendix A.3), in the
//! iterative form of NumPyro. Weights are relative to the whole tree's so far, so that they stay numbers without logarithms.

use pyroxene_frontend::prelude::*;

use super::{
    generator::Stream,
    metric::Metric,
    trajectory::{Edge, Outcome, Proposal, Target, choose, int, kinetic, leapfrog},
    turning::{Checkpoints, Halves},
};

/// What a transition goes by.
pub(super) struct Transition<'a> {
    pub(super) target: Target<'a>,
    pub(super) metric: Metric,
    pub(super) stream: &'a Stream,
    pub(super) step_size: Tensor,
    /// The number of doublings that the buffers have room for.
    pub(super) max_depth: usize,
    /// The number of doublings at most (`i32[]`).
    pub(super) limit: Tensor,
}

/// The tree of all doublings so far.
#[derive(Tree, Clone)]
struct Trajectory<L: Leaf = Tensor> {
    left: Edge<L>,
    right: Edge<L>,
    proposal: Proposal<L>,
    /// The logarithm of the summed weights.
    log_weight: L,
    momentum_sum: L,
    depth: L,
    /// How many leaves lie to the right of the start.
    right_leaves: L,
    turning: L,
    tally: Tally<L>,
    checkpoints: L,
}

/// What is counted over all leaves, whether they belong to the tree in the end or not.
#[derive(Tree, Clone)]
struct Tally<L: Leaf = Tensor> {
    steps: L,
    accept_sum: L,
    diverging: L,
}

/// The subtree that a doubling adds, leaf by leaf.
#[derive(Tree, Clone)]
struct Subtree<L: Leaf = Tensor> {
    leaf: L,
    edge: Edge<L>,
    proposal: Proposal<L>,
    /// The summed weights, in units of the tree's.
    weight: L,
    momentum_sum: L,
    turning: L,
    tally: Tally<L>,
    checkpoints: L,
}

impl Transition<'_> {
    /// The number of uniform numbers a transition may take.
    pub(super) fn uniforms(max_depth: usize) -> usize {
        (1 << max_depth) + max_depth
    }

    /// A transition from a position with its log density and gradient.
    pub(super) fn run(&self, start: &Proposal) -> Outcome {
        let float = start.position.dtype();
        let dimension = start.position.dim(0);
        let momentum = self.stream.normals(dimension);
        let hamiltonian = start.log_density - kinetic(momentum);
        let edge = Edge { position: start.position, momentum, force: self.metric.force(start.gradient) };
        let directions = self.stream.bits();
        let zero = Tensor::from(0.0).convert(float);
        let none = int(0);
        let init = Trajectory {
            left: edge.clone(),
            right: edge.clone(),
            proposal: Proposal { gain: zero, index: none, ..start.clone() },
            log_weight: zero,
            momentum_sum: momentum,
            depth: none,
            right_leaves: none,
            turning: Tensor::from(false),
            tally: Tally { steps: none, accept_sum: zero, diverging: Tensor::from(false) },
            checkpoints: Checkpoints::new(self.max_depth, dimension, float).rows,
        };
        let goes_on =
            |tree: &Trajectory| tree.depth.less(self.limit) & !(tree.turning | tree.tally.diverging);
        let end = while_loop(init, goes_on, |tree| self.double(tree, directions, hamiltonian));
        Outcome {
            energy: -(hamiltonian + end.proposal.gain),
            reached_max: end.depth.greater_equal(self.limit) & !(end.turning | end.tally.diverging),
            proposal: end.proposal,
            accept: end.tally.accept_sum / end.tally.steps.convert(float),
            steps: end.tally.steps,
            depth: end.depth,
            diverging: end.tally.diverging,
        }
    }

    fn double(&self, tree: &Trajectory, directions: Tensor, hamiltonian: Tensor) -> Trajectory {
        let right =
            ((directions >> tree.depth.convert(DType::U32)) & Tensor::from(Array::scalar(1u32))).equal(1i64);
        let from = choose(right, &tree.right, &tree.left);
        let leaves = int(1) << tree.depth;
        let new =
            self.subtree(tree, &from, right.select(self.step_size, -self.step_size), leaves, hamiltonian);
        // A subtree that turns back or diverges is none of the trajectory's: no draw comes from it.
        let whole = !(new.turning | new.tally.diverging);
        let place = int(1) * self.uniforms_of_leaves() + tree.depth;
        let moves = whole & self.stream.uniform(place).less(new.weight);
        let left_leaves = leaves - 1i64 - tree.right_leaves;
        let index = right.select(tree.right_leaves + new.proposal.index, -left_leaves - new.proposal.index);
        let far = choose(right, &tree.left, &tree.right);
        let dimension = from.position.dim(0);
        let begin = Checkpoints { rows: new.checkpoints, dimension }.first();
        let halves = Halves {
            first: [far.momentum, from.momentum, tree.momentum_sum],
            second: [begin, new.edge.momentum, new.momentum_sum],
        };
        Trajectory {
            left: choose(right, &tree.left, &new.edge),
            right: choose(right, &new.edge, &tree.right),
            proposal: choose(moves, &Proposal { index, ..new.proposal }, &tree.proposal),
            log_weight: tree.log_weight + new.weight.log1p(),
            momentum_sum: tree.momentum_sum + new.momentum_sum,
            depth: tree.depth + whole.convert(DType::I32),
            right_leaves: tree.right_leaves + right.select(leaves, 0i64),
            turning: !whole | halves.are_turning(),
            tally: new.tally,
            checkpoints: new.checkpoints,
        }
    }

    /// The places before those of the doublings' uniform numbers.
    fn uniforms_of_leaves(&self) -> i64 {
        1 << self.max_depth
    }

    fn subtree(
        &self,
        tree: &Trajectory,
        from: &Edge,
        size: Tensor,
        leaves: Tensor,
        hamiltonian: Tensor,
    ) -> Subtree {
        let float = size.dtype();
        let zero = Tensor::from(0.0).convert(float);
        let init = Subtree {
            leaf: int(0),
            edge: from.clone(),
            proposal: tree.proposal.clone(),
            weight: zero,
            momentum_sum: Tensor::zeros(&tree.momentum_sum.dims()).convert(float),
            turning: Tensor::from(false),
            tally: tree.tally.clone(),
            checkpoints: tree.checkpoints,
        };
        let goes_on = |new: &Subtree| new.leaf.less(leaves) & !(new.turning | new.tally.diverging);
        while_loop(init, goes_on, |new| {
            let step = leapfrog(self.target, self.metric, &new.edge, size, hamiltonian);
            // Exponentials end at e^700, in single precision at e^88: no trajectory at equilibrium gains so much.
            let highest = if float == DType::F32 { 80.0 } else { 600.0 };
            let own = (step.proposal.gain - tree.log_weight).minimum(highest).exp();
            let weight = new.weight + own;
            let takes = (self.stream.uniform(leaves + new.leaf) * weight).less(own);
            let sum = new.momentum_sum + step.edge.momentum;
            let checkpoints = Checkpoints { rows: new.checkpoints, dimension: from.position.dim(0) }
                .with_leaf(new.leaf, [step.edge.momentum, sum, new.edge.momentum]);
            let proposal = Proposal { index: new.leaf + 1i64, ..step.proposal.clone() };
            Subtree {
                leaf: new.leaf + 1i64,
                proposal: choose(takes, &proposal, &new.proposal),
                weight,
                momentum_sum: sum,
                turning: checkpoints.are_turning(new.leaf, new.edge.momentum, step.edge.momentum, sum),
                tally: Tally {
                    steps: new.tally.steps + 1i64,
                    accept_sum: new.tally.accept_sum + step.accept,
                    diverging: step.diverging,
                },
                checkpoints: checkpoints.rows,
                edge: step.edge,
            }
        })
    }
}
