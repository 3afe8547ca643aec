//! Deaths after heart surgery on infants in twelve hospitals, from posteriordb.

use crate::prelude::*;

super::entry!(
    "surgical_data-surgical_model",
    ["surgical_model", "surgical"],
    "deaths after surgery in twelve hospitals, hierarchical logistic regression",
    "surgical_data.json"
);

/// One hospital each, all `i64[12]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The number of operations.
    pub n: L,
    /// The number of deaths.
    pub r: L,
}

/// The model; the mean `mu`, the variance `sigmasq` and the log odds `b` are latent; `sigma`, the probabilities `p` and
/// `pop_mean` are computed.
pub fn model(d: &Data) {
    let mu = sample("mu", Normal::new(0.0, 1000.0));
    let sigmasq = sample("sigmasq", InverseGamma::new(0.001, 0.001));
    let sigma = deterministic("sigma", sigmasq.sqrt());
    plate("hospital", d.n.dim(0), |_| {
        let b = sample("b", Normal::new(mu, sigma));
        deterministic("p", b.logistic());
        sample("r", BinomialLogits::new(b, d.n).obs(d.r));
    });
    deterministic("pop_mean", mu.logistic());
}
