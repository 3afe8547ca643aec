//! The difference of two rates of success (Lee and Wagenmakers 2013), from posteriordb.

use crate::prelude::*;

super::entry!(
    "Rate_2_data-Rate_2_model",
    ["Rate_2_model"],
    "the difference of two rates",
    "Rate_2_data.json"
);

/// All `i64[]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The number of successes in the first series.
    pub k1: L,
    /// The number of its trials.
    pub n1: L,
    /// The number of successes in the second series.
    pub k2: L,
    /// The number of its trials.
    pub n2: L,
}

/// The model; `theta1` and `theta2` are latent, `delta` is computed.
pub fn model(d: &Data) {
    let theta1 = sample("theta1", Beta::new(1.0, 1.0));
    let theta2 = sample("theta2", Beta::new(1.0, 1.0));
    deterministic("delta", theta1 - theta2);
    sample("k1", BinomialProbs::new(theta1, d.n1).obs(d.k1));
    sample("k2", BinomialProbs::new(theta2, d.n2).obs(d.k2));
}
