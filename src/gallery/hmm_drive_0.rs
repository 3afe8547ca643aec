//! When a basketball player drives to the hoop: a hidden Markov model of two states, from posteriordb.

use super::shared::{positive_ordered, two_states};
use crate::prelude::*;

super::entry!(
    "bball_drive_event_0-hmm_drive_0",
    ["hmm_drive_0", "bball_drive_event_0"],
    "a hidden Markov model of a basketball player's drives",
    "bball_drive_event_0.json"
);

/// One moment each, and the priors; all `f64`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The reciprocal of the speed, `[416]`.
    #[tree(float)]
    pub u: L,
    /// The distance to the hoop, `[416]`.
    #[tree(float)]
    pub v: L,
    /// What the rows of the transition matrix are drawn with, `[2, 2]`.
    #[tree(float)]
    pub alpha: L,
}

/// The model; `theta1` and `theta2`, the rows of the transition matrix, and the rates `phi` of `u` and `lambda` of `v` are
/// latent.
pub fn model(d: &Data) {
    let theta1 = sample("theta1", Dirichlet::new(d.alpha.at(0)));
    let theta2 = sample("theta2", Dirichlet::new(d.alpha.at(1)));
    let phi = positive_ordered("phi", Normal::new([0.0, 3.0], 1.0));
    let lambda = positive_ordered("lambda", Normal::new([0.0, 3.0], 1.0));
    let speed = Exponential::new(phi).log_prob(d.u.expand_dims(-1));
    let distance = Exponential::new(lambda).log_prob(d.v.expand_dims(-1));
    factor("drive", two_states(theta1, theta2, speed + distance));
}
