//! Germination of seeds by kind and extract, with an effect of each plate (Crowder 1978), from posteriordb.

use crate::prelude::*;

super::entry!(
    "seeds_data-seeds_model",
    ["seeds_model", "seeds"],
    "germination of seeds, logistic regression with an effect of each plate",
    "seeds_data.json"
);

/// One plate each, `[21]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The number that germinated; `i64`.
    #[tree(name = "n")]
    pub germinated: L,
    /// The number of seeds; `i64`.
    #[tree(name = "N")]
    pub seeds: L,
    /// The kind of seed, 0 or 1; `f64`.
    #[tree(float)]
    pub x1: L,
    /// The root extract, 0 or 1; `f64`.
    #[tree(float)]
    pub x2: L,
}

/// The model; the coefficients, the precision `tau` and the plates' effects `b` are latent, `sigma` is computed.
pub fn model(d: &Data) {
    let coefficient = |name| sample(name, Normal::new(0.0, 1000.0));
    let (alpha0, alpha1) = (coefficient("alpha0"), coefficient("alpha1"));
    let (alpha12, alpha2) = (coefficient("alpha12"), coefficient("alpha2"));
    let tau = sample("tau", Gamma::new(0.001, 0.001));
    let sigma = deterministic("sigma", tau.rsqrt());
    plate("dish", d.seeds.dim(0), |_| {
        let b = sample("b", Normal::new(0.0, sigma));
        let logits = alpha0 + alpha1 * d.x1 + alpha2 * d.x2 + alpha12 * d.x1 * d.x2 + b;
        sample("n", BinomialLogits::new(logits, d.seeds).obs(d.germinated));
    });
}
