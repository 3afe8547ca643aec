//! A transition of Hamiltonian Monte Carlo with trajectories of one length, and a jump to the end or none.

use pyroxene_frontend::prelude::*;

use super::{
    generator::Stream,
    metric::Metric,
    trajectory::{Edge, MAX_DELTA_ENERGY, Outcome, Proposal, Target, choose, int, kinetic, leapfrog},
};

/// What a transition goes by.
pub(super) struct Transition<'a> {
    pub(super) target: Target<'a>,
    pub(super) metric: Metric,
    pub(super) stream: &'a Stream,
    pub(super) step_size: Tensor,
    /// The number of steps (`i32[]`), at least 1.
    pub(super) steps: Tensor,
}

/// The trajectory so far.
#[derive(Tree, Clone)]
struct Trajectory<L: Leaf = Tensor> {
    steps: L,
    max_energy_error: L,
    edge: Edge<L>,
    end: Proposal<L>,
}

/// The number of steps of a trajectory of this length in time (NumPyro's `_get_num_steps`), of at most `most`.
pub(super) fn num_steps(trajectory_length: Tensor, step_size: Tensor, most: Tensor) -> Tensor {
    let steps = trajectory_length / step_size;
    steps.maximum(1.0).minimum(most.convert(steps.dtype())).convert(DType::I32)
}

impl Transition<'_> {
    /// A transition from a position with its log density and gradient.
    pub(super) fn run(&self, start: &Proposal) -> Outcome {
        let float = start.position.dtype();
        let momentum = self.stream.normals(start.position.dim(0));
        let hamiltonian = start.log_density - kinetic(momentum);
        let zero = Tensor::from(0.0).convert(float);
        let none = int(0);
        let start = Proposal { gain: zero, index: none, ..start.clone() };
        let force = self.metric.force(start.gradient);
        let init = Trajectory {
            steps: none,
            max_energy_error: zero,
            edge: Edge { position: start.position, momentum, force },
            end: start.clone(),
        };
        // Where the energy is not finite, no step leads back.
        let goes_on = |t: &Trajectory| t.steps.less(self.steps) & t.end.gain.is_finite();
        let sizes = [self.step_size, self.step_size * 0.5];
        let end = while_loop(init, goes_on, |t| {
            let step = leapfrog(self.target, self.metric, &t.edge, sizes, hamiltonian);
            let steps = t.steps + 1i64;
            Trajectory {
                steps,
                max_energy_error: t.max_energy_error.maximum(step.proposal.gain.abs()),
                edge: step.edge,
                end: Proposal { index: steps, ..step.proposal },
            }
        });
        let accept = end.end.gain.minimum(0.0).exp();
        let moves = self.stream.uniform(Tensor::from(0i64)).less(accept);
        let proposal = choose(moves, &end.end, &start);
        Outcome {
            energy: -(hamiltonian + proposal.gain),
            max_energy_error: end.max_energy_error,
            accept,
            steps: end.steps,
            depth: none,
            diverging: end.end.gain.less(-MAX_DELTA_ENERGY),
            reached_max: Tensor::from(false),
            proposal,
        }
    }
}
