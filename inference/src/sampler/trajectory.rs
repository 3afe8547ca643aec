//! Steps of Hamilton's equations, and what a transition over them came to.

use std::convert::Infallible;

use pyroxene_frontend::{Path, Tensors, Visit, prelude::*};

use super::metric::Metric;

/// The log density and its gradient at a position, as a function of tensors.
pub(super) type Target<'a> = &'a dyn Fn(Tensor) -> (Tensor, Tensor);

/// The largest growth of the energy that is not a divergence: Stan's and NumPyro's.
pub(super) const MAX_DELTA_ENERGY: f64 = 1000.0;

/// An end of a trajectory.
#[derive(Tree, Clone)]
pub(super) struct Edge<L: Leaf = Tensor> {
    pub(super) position: L,
    /// In the metric's coordinates, as the force.
    pub(super) momentum: L,
    pub(super) force: L,
}

/// A point of a trajectory that may become the next draw.
#[derive(Tree, Clone)]
pub(super) struct Proposal<L: Leaf = Tensor> {
    pub(super) position: L,
    pub(super) gradient: L,
    pub(super) log_density: L,
    /// How much lower its energy is than the start's: the logarithm of its weight.
    pub(super) gain: L,
    /// The number of steps from the start, negative backwards in time.
    pub(super) index: L,
}

/// What a transition came to.
#[derive(Tree, Clone)]
pub(super) struct Outcome<L: Leaf = Tensor> {
    pub(super) proposal: Proposal<L>,
    /// The energy of the draw.
    pub(super) energy: L,
    /// How much the energy of a point of the trajectory has differed from the start's at most.
    pub(super) max_energy_error: L,
    /// The mean acceptance probability of the steps.
    pub(super) accept: L,
    /// The number of steps.
    pub(super) steps: L,
    pub(super) depth: L,
    pub(super) diverging: L,
    pub(super) reached_max: L,
}

/// The point after a step.
pub(super) struct Step {
    pub(super) edge: Edge,
    pub(super) proposal: Proposal,
    pub(super) diverging: Tensor,
}

/// One step of the leapfrog integrator of a signed size, given with its half; `hamiltonian` is that of the start, with its
/// sign turned.
pub(super) fn leapfrog(
    target: Target<'_>,
    metric: Metric,
    from: &Edge,
    [size, half]: [Tensor; 2],
    hamiltonian: Tensor,
) -> Step {
    let momentum = from.momentum + half * from.force;
    let position = from.position + size * metric.velocity(momentum);
    let (log_density, gradient) = target(position);
    let force = metric.force(gradient);
    let momentum = momentum + half * force;
    let gain = log_density - kinetic(momentum) - hamiltonian;
    // What is not finite, an infinite density among it, is no place to go on from.
    let gain = gain.is_finite().select(gain, f64::NEG_INFINITY);
    Step {
        edge: Edge { position, momentum, force },
        // The place in the trajectory is for those who know it.
        proposal: Proposal { position, gradient, log_density, gain, index: int(0) },
        diverging: gain.less(-MAX_DELTA_ENERGY),
    }
}

/// How many sums a kinetic energy is made of.
const LANES: usize = 4;

/// The kinetic energy of a momentum in the metric's coordinates. XLA adds up the terms of a sum one after the other, and each
/// addition waits for the last; since the next decisions wait for this one, stretches of the terms are added up side by side.
pub(super) fn kinetic(momentum: Tensor) -> Tensor {
    let terms = momentum * momentum;
    let (n, rows) = (terms.dim(0), terms.dim(0) / LANES);
    if rows < 2 {
        return terms.sum() * 0.5;
    }
    let row = |k: usize| terms.at((k * rows) as isize..((k + 1) * rows) as isize);
    let sum = ((row(0) + row(1)) + (row(2) + row(3))).sum();
    let rest = LANES * rows;
    let sum = if n == rest { sum } else { sum + terms.at(rest as isize..n as isize).sum() };
    sum * 0.5
}

/// A product of vectors that fuses with what is around it.
pub(super) fn dot(a: Tensor, b: Tensor) -> Tensor {
    (a * b).sum()
}

/// `a` where `on` holds, else `b`, leaf by leaf.
pub(super) fn choose<T: Tensors>(on: Tensor, a: &T, b: &T) -> T {
    let mut others = Vec::new();
    b.visit(&mut Path::default(), &mut |_, visit| {
        if let Visit::Leaf(leaf) = visit {
            others.push(*leaf);
        }
    });
    let mut others = others.into_iter();
    let chosen = a.try_map(&mut Path::default(), &mut |_, leaf| {
        Ok::<_, Infallible>(others.next().map_or(*leaf, |other| on.select(*leaf, other)))
    });
    match chosen {
        Ok(chosen) => chosen,
        Err(never) => match never {},
    }
}

/// An `i32[]`.
pub(super) fn int(x: i32) -> Tensor {
    Tensor::from(Array::scalar(x))
}
