//! A transition of the No-U-Turn sampler as loops: doublings around leaves around the subtrees that a leaf closes.
//!
//! Hoffman and Gelman 2014 with multinomial weights and biased progressive sampling (Betancourt 2017, appendix A.3), in the
//! iterative form of NumPyro. Weights are relative to the start's and stay numbers: what they count is the integrator's error.

use pyroxene_frontend::prelude::*;

use super::{
    generator::Stream,
    metric::{Form, Metric},
    places::Places,
    points::Points,
    trajectory::{Outcome, Proposal, Target, int, kinetic, leapfrog},
    turning::{Checkpoints, Halves},
};

/// What a transition goes by.
pub(super) struct Transition<'a> {
    pub(super) target: Target<'a>,
    pub(super) metric: Metric,
    pub(super) stream: &'a Stream,
    pub(super) dimension: usize,
    pub(super) step_size: Tensor,
    /// The number of doublings that the buffers have room for.
    pub(super) max_depth: usize,
    /// The number of doublings at most (`i32[]`).
    pub(super) limit: Tensor,
}

/// The vectors that a transition works in. What they hold is nothing to the next one.
#[derive(Tree, Clone)]
pub(super) struct Workspace<L: Leaf = Tensor> {
    points: L,
    checkpoints: L,
}

/// The tree of all doublings so far.
#[derive(Tree, Clone)]
struct Trajectory<L: Leaf = Tensor> {
    /// The places of its ends.
    left: L,
    right: L,
    /// The momenta there, one after the other.
    momenta: L,
    /// The place of the proposal.
    chosen: L,
    /// The summed weights, in units of the start's.
    weight: L,
    momentum_sum: L,
    depth: L,
    /// How many leaves lie to the right of the start.
    right_leaves: L,
    turning: L,
    /// All leaves, whether they belong to the tree in the end or not.
    steps: L,
    tally: Tally<L>,
    work: Workspace<L>,
}

/// What is collected over all leaves, whether they belong to the tree in the end or not.
#[derive(Tree, Clone)]
struct Tally<L: Leaf = Tensor> {
    accept_sum: L,
    max_energy_error: L,
    diverging: L,
}

/// The subtree that a doubling adds, leaf by leaf.
#[derive(Tree, Clone)]
struct Subtree<L: Leaf = Tensor> {
    leaf: L,
    /// The place of the last leaf, and the momentum there.
    last: L,
    momentum: L,
    /// The place of the proposal.
    chosen: L,
    weight: L,
    momentum_sum: L,
    turning: L,
    tally: Tally<L>,
    work: Workspace<L>,
}

impl Transition<'_> {
    /// The number of uniform numbers a transition may take.
    pub(super) fn uniforms(max_depth: usize) -> usize {
        (1 << max_depth) + max_depth
    }

    /// Room to work in.
    pub(super) fn workspace(
        max_depth: usize,
        dimension: usize,
        form: Form,
        float: DType,
        lockstep: bool,
    ) -> Workspace {
        let room = |dims: [usize; 2]| Places::room(dims, float, lockstep);
        Workspace {
            points: room(Points::room(dimension, form)),
            checkpoints: room(Checkpoints::room(max_depth, dimension)),
        }
    }

    fn points(&self, all: Tensor) -> Points {
        Points::of(all, self.dimension, self.metric)
    }

    fn checkpoints(&self, all: Tensor) -> Checkpoints {
        Checkpoints::of(all, self.dimension)
    }

    /// A transition from a position with its log density and gradient.
    pub(super) fn run(&self, start: &Proposal, work: &Workspace) -> (Outcome, Workspace) {
        let float = start.position.dtype();
        let momentum = self.stream.normals(self.dimension);
        let hamiltonian = start.log_density - kinetic(momentum);
        let force = self.metric.force(start.gradient);
        let directions = self.stream.bits();
        let zero = Tensor::from(0.0).convert(float);
        let none = int(0);
        let start = Proposal { gain: zero, index: none, ..start.clone() };
        let points = self.points(work.points).with(none, &start, force);
        let init = Trajectory {
            left: none,
            right: none,
            momenta: Places::of(&[momentum, momentum], points.places.lockstep()).all,
            chosen: none,
            weight: zero + 1.0,
            momentum_sum: momentum,
            depth: none,
            right_leaves: none,
            turning: Tensor::from(false),
            steps: none,
            tally: Tally { accept_sum: zero, max_energy_error: zero, diverging: Tensor::from(false) },
            work: Workspace { points: points.places.all, ..work.clone() },
        };
        let goes_on =
            |tree: &Trajectory| tree.depth.less(self.limit) & !(tree.turning | tree.tally.diverging);
        let sizes = [self.step_size, -self.step_size];
        let end = while_loop(init, goes_on, |tree| self.double(tree, directions, sizes, hamiltonian));
        let proposal = self.points(end.work.points).proposal(end.chosen);
        let outcome = Outcome {
            energy: -(hamiltonian + proposal.gain),
            max_energy_error: end.tally.max_energy_error,
            reached_max: end.depth.greater_equal(self.limit) & !(end.turning | end.tally.diverging),
            proposal,
            accept: end.tally.accept_sum / end.steps.convert(float),
            steps: end.steps,
            depth: end.depth,
            diverging: end.tally.diverging,
        };
        (outcome, end.work)
    }

    fn double(
        &self,
        tree: &Trajectory,
        directions: Tensor,
        [to_right, to_left]: [Tensor; 2],
        hamiltonian: Tensor,
    ) -> Trajectory {
        let d = self.dimension;
        let right = ((directions >> tree.depth.convert(DType::U32)) & Tensor::from(Array::scalar(1u32)))
            .convert(DType::I32);
        let momenta = Places { all: tree.momenta, width: d };
        let (near, far) = (momenta.read(right, 0, d), momenta.read(-right + 1i64, 0, d));
        let is_right = right.equal(1i64);
        let leaves = int(1) << tree.depth;
        let from = is_right.select(tree.right, tree.left);
        let leaves_to_right = tree.right_leaves;
        let left_leaves = leaves - 1i64 - leaves_to_right;
        // Where a leaf of the subtree lies, seen from the start: so many steps on from the end.
        let (index, step) =
            (is_right.select(leaves_to_right, -left_leaves), is_right.select(int(1), int(-1)));
        let size = is_right.select(to_right, to_left);
        let new = self.subtree(tree, [from, near], size, [leaves, index, step], hamiltonian);
        // A subtree that turns back or diverges is none of the trajectory's: no draw comes from it.
        let whole = !(new.turning | new.tally.diverging);
        let place = int(1) * self.uniforms_of_leaves() + tree.depth;
        let moves = whole & (self.stream.uniform(place) * tree.weight).less(new.weight);
        let begin = self.checkpoints(new.work.checkpoints).first();
        let halves =
            Halves { first: [far, near, tree.momentum_sum], second: [begin, new.momentum, new.momentum_sum] };
        Trajectory {
            left: is_right.select(tree.left, new.last),
            right: is_right.select(new.last, tree.right),
            momenta: momenta.write(right, &[new.momentum]).all,
            chosen: moves.select(new.chosen, tree.chosen),
            weight: tree.weight + new.weight,
            momentum_sum: tree.momentum_sum + new.momentum_sum,
            depth: tree.depth + whole.convert(DType::I32),
            right_leaves: leaves_to_right + is_right.select(leaves, 0i64),
            turning: !whole | halves.are_turning(),
            steps: tree.steps + new.leaf,
            tally: new.tally,
            work: new.work,
        }
    }

    /// The places before those of the doublings' uniform numbers.
    fn uniforms_of_leaves(&self) -> i64 {
        1 << self.max_depth
    }

    fn subtree(
        &self,
        tree: &Trajectory,
        [from, momentum]: [Tensor; 2],
        size: Tensor,
        [leaves, index, step]: [Tensor; 3],
        hamiltonian: Tensor,
    ) -> Subtree {
        let float = size.dtype();
        let zero = Tensor::from(0.0).convert(float);
        let init = Subtree {
            leaf: int(0),
            last: from,
            momentum,
            chosen: tree.chosen,
            weight: zero,
            momentum_sum: Tensor::zeros(&tree.momentum_sum.dims()).convert(float),
            turning: Tensor::from(false),
            tally: tree.tally.clone(),
            work: tree.work.clone(),
        };
        let goes_on = |new: &Subtree| new.leaf.less(leaves) & !(new.turning | new.tally.diverging);
        let sizes = [size, size * 0.5];
        let kept = Points::taken(&[tree.left, tree.right, tree.chosen]);
        while_loop(init, goes_on, |new| {
            let points = self.points(new.work.points);
            let edge = points.edge(new.last, new.momentum);
            let made = leapfrog(self.target, self.metric, &edge, sizes, hamiltonian);
            let (momentum, last) = (made.edge.momentum, new.momentum);
            // Exponentials end at e^700, in single precision at e^88: no trajectory at equilibrium gains so much.
            let highest = if float == DType::F32 { 70.0 } else { 600.0 };
            let own = made.proposal.gain.minimum(highest).exp();
            let weight = new.weight + own;
            let takes = sign(self.stream.uniform(leaves + new.leaf) * weight - own);
            let sum = new.momentum_sum + momentum;
            let checkpoints = self.checkpoints(new.work.checkpoints);
            let checkpoints = checkpoints.with_leaf(new.leaf, [momentum, sum, last]);
            let leaf = new.leaf + 1i64;
            let place = Points::free(kept | Points::taken(&[new.chosen]));
            let point = Proposal { index: index + step * leaf, ..made.proposal };
            Subtree {
                leaf,
                last: place,
                momentum,
                chosen: new.chosen + takes * (place - new.chosen),
                weight,
                momentum_sum: sum,
                turning: checkpoints.are_turning(new.leaf, last, momentum, sum),
                tally: Tally {
                    accept_sum: new.tally.accept_sum + own.minimum(1.0),
                    max_energy_error: new.tally.max_energy_error.maximum(made.proposal.gain.abs()),
                    diverging: made.diverging,
                },
                work: Workspace {
                    points: points.with(place, &point, made.edge.force).places.all,
                    checkpoints: checkpoints.rows.all,
                },
            }
        })
    }
}

/// 1 for what is below zero, else 0 (`i32[]`). Not by a comparison: of choices between numbers of places machine code
/// makes jumps, which nothing predicts.
fn sign(x: Tensor) -> Tensor {
    let (dtype, highest) = if x.dtype() == DType::F32 { (DType::U32, 31) } else { (DType::U64, 63) };
    (x.bitcast(dtype) >> highest).convert(DType::I32)
}
