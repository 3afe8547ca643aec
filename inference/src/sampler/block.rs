//! A block of transitions: one function of a chain's state, whose number of transitions is known only when it runs.

use pyroxene_frontend::prelude::*;

use super::{
    generator::Generator,
    hmc,
    metric::{Form, Metric},
    nuts,
    state::{Moving, State},
    trajectory::{Outcome, Proposal, Target, choose, int},
};

/// What a block is compiled for; everything else it takes as arguments.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Block {
    pub(crate) dimension: usize,
    pub(crate) kernel: Trajectories,
    pub(crate) form: Form,
    pub(crate) generator: Generator,
    /// The number of transitions that there is room for. The last row is overwritten.
    pub(crate) rows: usize,
}

/// How trajectories end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Trajectories {
    /// Where they turn back: NUTS, with so many doublings at most.
    Turning { max_depth: usize },
    /// After this time: HMC. The length is an argument.
    Fixed,
}

impl Trajectories {
    /// The most doublings, or the most steps, of a trajectory.
    pub(super) fn limit(self) -> i32 {
        match self {
            Trajectories::Turning { max_depth } => max_depth as i32,
            Trajectories::Fixed => 1 << 20,
        }
    }
}

/// The arguments of a block beside the state.
#[derive(Tree, Clone, Debug)]
pub(crate) struct Controls<L: Leaf = Tensor> {
    /// The number of transitions.
    pub(super) n: L,
    /// Every how many transitions one is kept.
    pub(super) thinning: L,
    /// How many transitions ago the last one was kept.
    pub(super) phase: L,
    /// The most doublings, or the most steps, of a trajectory (`i32[]`).
    pub(super) limit: L,
    pub(super) target_accept: L,
    pub(super) adapts_step_size: L,
    pub(super) trajectory_length: L,
}

impl Controls<Array> {
    /// For transitions of a step size that stays.
    pub(super) fn new(n: usize, limit: i32) -> Controls<Array> {
        Controls {
            n: Array::scalar(n as i64),
            thinning: Array::scalar(1i64),
            phase: Array::scalar(0i64),
            limit: Array::scalar(limit),
            target_accept: Array::scalar(0.8),
            adapts_step_size: Array::scalar(false),
            trajectory_length: Array::scalar(1.0),
        }
    }
}

/// The statistics of a transition, in the order of a row.
const LP: usize = 0;
pub(super) const ACCEPTANCE_RATE: usize = 1;
const STEP_SIZE: usize = 2;
const TREE_DEPTH: usize = 3;
const N_STEPS: usize = 4;
pub(super) const DIVERGING: usize = 5;
const ENERGY: usize = 6;
const ENERGY_ERROR: usize = 7;
const REACHED_MAX_TREE_DEPTH: usize = 8;
pub(super) const INDEX_IN_TRAJECTORY: usize = 9;
const MAX_ENERGY_ERROR: usize = 10;
pub(crate) const STATS: usize = 11;

/// What a loop over transitions carries.
#[derive(Tree, Clone)]
struct Progress<L: Leaf = Tensor> {
    i: L,
    /// How many transitions have been kept.
    row: L,
    moving: Moving<L>,
    rows: Rows<L>,
    work: Option<nuts::Workspace<L>>,
}

/// What a block tells of the transitions that it keeps, one a row.
#[derive(Tree, Clone)]
pub(super) struct Rows<L: Leaf = Tensor> {
    /// `[rows, dimension]`.
    pub(super) positions: L,
    /// Gradients of the log density, `[rows, dimension]`.
    pub(super) gradients: L,
    /// `[rows, STATS]`.
    pub(super) stats: L,
}

impl Block {
    /// The block: what of the state has moved, and the rows of kept transitions.
    pub(super) fn record(
        &self,
        target: Target<'_>,
        state: &State,
        controls: &Controls,
        lockstep: bool,
    ) -> (Moving, Rows) {
        let float = state.moving.position.dtype();
        let zeros = |n: usize| Tensor::zeros(&[self.rows, n]).convert(float);
        let init = Progress {
            i: Tensor::from(Array::scalar(0i64)),
            row: Tensor::from(Array::scalar(0i64)),
            moving: state.moving.clone(),
            rows: Rows {
                positions: zeros(self.dimension),
                gradients: zeros(self.dimension),
                stats: zeros(STATS),
            },
            work: match self.kernel {
                Trajectories::Turning { max_depth } => {
                    Some(nuts::Transition::workspace(max_depth, self.dimension, self.form, float, lockstep))
                }
                Trajectories::Fixed => None,
            },
        };
        let goes_on = |p: &Progress| p.i.less(controls.n);
        let key = self.generator.prepared(state.key);
        let end = while_loop(init, goes_on, |p| {
            let count = p.moving.count + p.i;
            let of = [state.factor, key, count];
            let (outcome, work) = self.transition(target, of, (&p.moving, &p.work), controls);
            let moving = moved(&p.moving, &outcome, controls, lockstep);
            let at = [p.row, Tensor::from(0i64)];
            let with = |rows: Tensor, row: Tensor| {
                let row = row.reshape(&[1, rows.dim(1)]);
                rows.dynamic_update_slice(row, &at)
            };
            let rows = Rows {
                positions: with(p.rows.positions, moving.position),
                gradients: with(p.rows.gradients, moving.gradient),
                stats: with(p.rows.stats, statistics(&outcome, p.moving.step_size)),
            };
            let i = p.i + 1i64;
            let keeps = ((controls.phase + i) % controls.thinning).equal(0i64);
            Progress { i, row: p.row + keeps.convert(DType::I64), moving, rows, work }
        });
        (Moving { count: end.moving.count + end.i, ..end.moving }, end.rows)
    }

    fn transition(
        &self,
        target: Target<'_>,
        [factor, key, count]: [Tensor; 3],
        (from, work): (&Moving, &Option<nuts::Workspace>),
        controls: &Controls,
    ) -> (Outcome, Option<nuts::Workspace>) {
        let metric = Metric { form: self.form, factor };
        let float = from.position.dtype();
        let step_size = from.step_size;
        let stream = |uniforms| self.generator.stream(key, count, float, [self.dimension, uniforms]);
        let start = Proposal {
            position: from.position,
            gradient: from.gradient,
            log_density: from.log_density,
            gain: Tensor::from(0.0).convert(float),
            index: int(0),
        };
        match (self.kernel, work) {
            (Trajectories::Turning { max_depth }, Some(work)) => {
                let stream = &stream(nuts::Transition::uniforms(max_depth));
                let (limit, dimension) = (controls.limit, self.dimension);
                let transition =
                    nuts::Transition { target, metric, stream, dimension, step_size, max_depth, limit };
                let (outcome, work) = transition.run(&start, work);
                (outcome, Some(work))
            }
            _ => {
                let stream = &stream(1);
                let steps = hmc::num_steps(controls.trajectory_length, step_size, controls.limit);
                (hmc::Transition { target, metric, stream, step_size, steps }.run(&start), None)
            }
        }
    }
}

/// What a transition makes of a chain. The count stays: it is the loop's own, and of two counters that tell one number XLA
/// takes one out, which makes the loop anew.
fn moved(from: &Moving, outcome: &Outcome, controls: &Controls, lockstep: bool) -> Moving {
    let adapts = controls.adapts_step_size;
    let kept = || (from.step_size, from.averaging.clone());
    let adapted = || {
        let averaging = from.averaging.update(controls.target_accept - outcome.accept);
        let (least, most) = bounds(from.step_size.dtype());
        (averaging.log_step.exp().clamp(least, most), averaging)
    };
    // The logarithm and the exponentials cost a sixth of a small model's leapfrog, which is spared by a branch. Of chains in
    // lockstep all share them.
    let (step_size, averaging) =
        if lockstep { choose(adapts, &adapted(), &kept()) } else { cond(adapts, adapted, kept) };
    let proposal = &outcome.proposal;
    Moving {
        count: from.count,
        position: proposal.position,
        gradient: proposal.gradient,
        log_density: proposal.log_density,
        step_size,
        averaging,
        leapfrogs: from.leapfrogs + outcome.steps.convert(DType::I64),
        divergences: from.divergences + outcome.diverging.convert(DType::I64),
    }
}

/// The least and the largest step size.
fn bounds(float: DType) -> (f64, f64) {
    match float {
        DType::F32 => (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)),
        _ => (f64::MIN_POSITIVE, f64::MAX),
    }
}

fn statistics(outcome: &Outcome, step_size: Tensor) -> Tensor {
    let float = step_size.dtype();
    let zero = Tensor::from(0.0).convert(float);
    let mut row = [zero; STATS];
    row[LP] = outcome.proposal.log_density;
    row[ACCEPTANCE_RATE] = outcome.accept;
    row[STEP_SIZE] = step_size;
    row[TREE_DEPTH] = outcome.depth.convert(float);
    row[N_STEPS] = outcome.steps.convert(float);
    row[DIVERGING] = outcome.diverging.convert(float);
    row[ENERGY] = outcome.energy;
    row[ENERGY_ERROR] = -outcome.proposal.gain;
    row[REACHED_MAX_TREE_DEPTH] = outcome.reached_max.convert(float);
    row[INDEX_IN_TRAJECTORY] = outcome.proposal.index.convert(float);
    row[MAX_ENERGY_ERROR] = outcome.max_energy_error;
    Tensor::stack(&row)
}
