//! The rate of success in one series of trials (Lee and Wagenmakers 2013), from posteriordb.

use crate::prelude::*;

super::entry!(
    "Rate_1_data-Rate_1_model",
    ["Rate_1_model", "rate"],
    "the rate behind five successes of ten",
    "Rate_1_data.json"
);

/// Both `i64[]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The number of successes.
    pub k: L,
    /// The number of trials.
    pub n: L,
}

/// The model; `theta` is latent. Its posterior is `Beta(1 + k, 1 + n - k)`.
pub fn model(d: &Data) {
    let theta = sample("theta", Beta::new(1.0, 1.0));
    sample("k", BinomialProbs::new(theta, d.n).obs(d.k));
}
