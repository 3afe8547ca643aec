//! A hidden Markov model of two states with normal emissions, on simulated data, from posteriordb.

use super::shared::{positive_ordered, two_states};
use crate::prelude::*;

super::entry!(
    "hmm_example-hmm_example",
    ["hmm_example", "hmm"],
    "a hidden Markov model of two states, normal emissions",
    "hmm_example.json"
);

/// One value a time, `f64[100]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The series.
    #[tree(float)]
    pub y: L,
}

/// The model; `theta1` and `theta2`, the rows of the transition matrix, and the means `mu` are latent.
pub fn model(d: &Data) {
    let row = |name| sample(name, Dirichlet::new([1.0, 1.0]));
    let (theta1, theta2) = (row("theta1"), row("theta2"));
    let mu = positive_ordered("mu", Normal::new([3.0, 10.0], 1.0));
    let emissions = Normal::new(mu, 1.0).log_prob(d.y.expand_dims(-1));
    factor("y", two_states(theta1, theta2, emissions));
}
