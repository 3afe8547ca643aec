//! A block of transitions: one function of a chain's state, whose number of transitions is known only when it runs.

use pyroxene_frontend::prelude::*;

use super::{
    fisher,
    generator::Generator,
    hmc,
    metric::{Form, Metric},
    nuts,
    state::{Estimators, FOUND, Learner, State},
    trajectory::{Outcome, Proposal, Target, choose, int},
};

/// What a block is compiled for; everything else it takes as arguments.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Block {
    pub(crate) dimension: usize,
    pub(crate) kernel: Trajectories,
    pub(crate) learner: Learner,
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

/// The most steps of a trajectory of HMC.
const MOST_STEPS: i64 = 1 << 20;

/// What a block does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Transitions.
    Run,
    /// Single steps with fresh momenta, from the same position, each of half or twice the size of the one before, until
    /// one is on the other side of the acceptance probability 0.8 (Hoffman and Gelman 2014, algorithm 4).
    Search,
    /// The log density and the gradient at the position; the metric must be the identity.
    Evaluate,
}

/// The arguments of a block beside the state.
#[derive(Tree, Clone, Debug)]
pub(crate) struct Controls<L: Leaf = Tensor> {
    /// The number of transitions.
    pub(super) n: L,
    pub(super) mode: L,
    /// Every how many transitions one is kept.
    pub(super) thinning: L,
    /// How many transitions ago the last one was kept.
    pub(super) phase: L,
    pub(super) target_accept: L,
    pub(super) adapts_step_size: L,
    pub(super) learns: L,
    /// Whether windows of the Fisher divergence are short.
    pub(super) is_early: L,
    /// The transition before which these windows end.
    pub(super) end: L,
    pub(super) trajectory_length: L,
}

impl Controls<Array> {
    /// For transitions of a metric and a step size that stay.
    pub(super) fn new(n: usize, mode: Mode) -> Controls<Array> {
        Controls {
            n: Array::scalar(n as i64),
            mode: Array::scalar(mode as i32),
            thinning: Array::scalar(1i64),
            phase: Array::scalar(0i64),
            target_accept: Array::scalar(0.8),
            adapts_step_size: Array::scalar(false),
            learns: Array::scalar(false),
            is_early: Array::scalar(false),
            end: Array::scalar(0i64),
            trajectory_length: Array::scalar(1.0),
        }
    }
}

/// The statistics of a transition, in the order of a row.
pub(super) const LP: usize = 0;
pub(super) const ACCEPTANCE_RATE: usize = 1;
pub(super) const STEP_SIZE: usize = 2;
pub(super) const TREE_DEPTH: usize = 3;
pub(super) const N_STEPS: usize = 4;
pub(super) const DIVERGING: usize = 5;
pub(super) const ENERGY: usize = 6;
pub(super) const ENERGY_ERROR: usize = 7;
pub(super) const REACHED_MAX_TREE_DEPTH: usize = 8;
pub(super) const INDEX_IN_TRAJECTORY: usize = 9;
pub(crate) const STATS: usize = 10;

/// What a loop over transitions carries.
#[derive(Tree, Clone)]
struct Progress<L: Leaf = Tensor> {
    i: L,
    /// How many transitions have been kept.
    row: L,
    state: State<L>,
    positions: L,
    stats: L,
}

impl Block {
    /// The block: the state after it, positions `[rows, dimension]` and statistics `[rows, STATS]` of kept transitions.
    pub(crate) fn record(
        &self,
        target: Target<'_>,
        state: &State,
        controls: &Controls,
    ) -> (State, Tensor, Tensor) {
        let float = state.position.dtype();
        let zeros = |n: usize| Tensor::zeros(&[self.rows, n]).convert(float);
        let init = Progress {
            i: Tensor::from(Array::scalar(0i64)),
            row: Tensor::from(Array::scalar(0i64)),
            state: state.clone(),
            positions: zeros(self.dimension),
            stats: zeros(STATS),
        };
        let goes_on = |p: &Progress| p.i.less(controls.n);
        let end = while_loop(init, goes_on, |p| {
            let (state, stats) = self.iteration(target, &p.state, controls);
            let at = [p.row, Tensor::from(0i64)];
            let row = |x: Tensor, n: usize| x.reshape(&[1, n]);
            let i = p.i + 1i64;
            let keeps = ((controls.phase + i) % controls.thinning).equal(0i64);
            Progress {
                i,
                row: p.row + keeps.convert(DType::I64),
                positions: p.positions.dynamic_update_slice(row(state.position, self.dimension), &at),
                stats: p.stats.dynamic_update_slice(row(stats, STATS), &at),
                state,
            }
        });
        (end.state, end.positions, end.stats)
    }

    fn iteration(&self, target: Target<'_>, state: &State, controls: &Controls) -> (State, Tensor) {
        let is = |mode: Mode| controls.mode.equal(mode as i64);
        let (runs, searches, evaluates) = (is(Mode::Run), is(Mode::Search), is(Mode::Evaluate));
        let tried =
            state.search.equal(FOUND as i64).select(0i64, state.search).convert(state.step_size.dtype());
        let tried = state.step_size * tried.exp2();
        let size = evaluates.select(0.0, searches.select(tried, state.step_size));
        let outcome = self.transition(target, state, controls, size, runs);
        let after = self.adapted(state, &outcome, controls);
        let stats = statistics(&outcome, state.step_size);
        let up = outcome.accept.greater(0.8).select(1i64, -1i64).convert(DType::I32);
        // The first step only tells the way.
        let found =
            state.search.not_equal(0i64) & state.search.not_equal(up) | state.search.equal(FOUND as i64);
        let proposal = &outcome.proposal;
        // A search that is over waits for those of other chains in the program.
        let busy = !(searches & state.search.equal(i64::from(FOUND)));
        let next = State {
            key: state.key,
            count: state.count + busy.convert(DType::I64),
            draw: state.draw + runs.convert(DType::I64),
            position: runs.select(proposal.position, state.position),
            gradient: runs.select(proposal.gradient, evaluates.select(outcome.last.1, state.gradient)),
            log_density: runs
                .select(proposal.log_density, evaluates.select(outcome.last.0, state.log_density)),
            step_size: runs.select(after.step_size, searches.select(tried, state.step_size)),
            search: searches.select(found.select(FOUND as i64, up), state.search),
            averaging: choose(runs, &after.averaging, &state.averaging),
            factor: after.factor,
            estimators: after.estimators,
            leapfrogs: state.leapfrogs + outcome.steps.convert(DType::I64),
            divergences: state.divergences + (runs & outcome.diverging).convert(DType::I64),
        };
        (next, stats)
    }

    fn transition(
        &self,
        target: Target<'_>,
        state: &State,
        controls: &Controls,
        step_size: Tensor,
        runs: Tensor,
    ) -> Outcome {
        let form = if self.learner == Learner::Covariances { Form::Dense } else { Form::Diagonal };
        let metric = Metric { form, factor: state.factor };
        let float = state.position.dtype();
        let numbers = |uniforms| [self.dimension, uniforms];
        let zero = Tensor::from(0.0).convert(float);
        let start = Proposal {
            position: state.position,
            gradient: state.gradient,
            log_density: state.log_density,
            gain: zero,
            index: int(0),
        };
        match self.kernel {
            Trajectories::Turning { max_depth } => {
                let uniforms = nuts::Transition::uniforms(max_depth);
                let stream = &self.generator.stream(state.key, state.count, float, numbers(uniforms));
                let limit = runs.select(max_depth, 1i64).convert(DType::I32);
                nuts::Transition { target, metric, stream, step_size, max_depth, limit }.run(&start)
            }
            Trajectories::Fixed => {
                let stream = &self.generator.stream(state.key, state.count, float, numbers(1));
                let steps = hmc::num_steps(controls.trajectory_length, step_size, MOST_STEPS);
                let steps = runs.select(steps, int(1));
                hmc::Transition { target, metric, stream, step_size, steps }.run(&start)
            }
        }
    }

    /// The state with what a transition has taught.
    fn adapted(&self, state: &State, outcome: &Outcome, controls: &Controls) -> State {
        let averaging = state.averaging.update(controls.target_accept - outcome.accept);
        let (least, most) = bounds(state.step_size.dtype());
        let step_size = averaging.log_step.exp().clamp(least, most);
        let adapts = controls.adapts_step_size;
        let (factor, estimators) = cond(
            controls.learns & controls.mode.equal(Mode::Run as i64),
            || self.learned(state, outcome, controls),
            || (state.factor, state.estimators.clone()),
        );
        State {
            averaging: choose(adapts, &averaging, &state.averaging),
            step_size: adapts.select(step_size, state.step_size),
            factor,
            estimators,
            ..state.clone()
        }
    }

    fn learned(&self, state: &State, outcome: &Outcome, controls: &Controls) -> (Tensor, Estimators) {
        let Estimators { welford, fisher } = &state.estimators;
        let proposal = &outcome.proposal;
        let welford = welford.as_ref().map(|w| w.update(proposal.position));
        let Some(fisher) = fisher else {
            return (state.factor, Estimators { welford, fisher: None });
        };
        let is_good = fisher::is_good(proposal.index, outcome.diverging);
        let windows = (controls.is_early, controls.end);
        let (fisher, factor) =
            fisher.update(state.draw, (proposal.position, proposal.gradient), is_good, windows, state.factor);
        (factor, Estimators { welford, fisher: Some(fisher) })
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
    Tensor::stack(&row)
}
