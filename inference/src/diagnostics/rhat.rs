//! Rank-normalised split R-hat: do the chains, and the halves of each, look like draws from one distribution?

use super::{
    chains::Chains,
    quantile::median,
    rank::normal_scores,
    sum::{mean, variance},
};

/// Rank-normalised split R-hat: the larger of the bulk's (normal scores of the draws) and the tail's (of the draws
/// folded about their median). Near 1 when the chains agree; above 1.01 they have not mixed.
///
/// NaN for a single chain and for draws that are all equal; infinite when each chain is stuck at a value of its own.
/// ArviZ's `rhat(method="rank")`; Vehtari et al. (2021), section 4.
pub fn rhat<C: AsRef<[f64]>>(chains: &[C]) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| rank_normalized(&draws, &normal_scores(&draws.split())))
}

/// `scores` are the normal scores of the split draws.
pub(crate) fn rank_normalized(draws: &Chains, scores: &Chains) -> f64 {
    if !draws.are_valid(2) {
        return f64::NAN;
    }
    let split = draws.split();
    let center = median(split.values());
    let bulk = split_rhat(scores);
    let folded = split_rhat(&normal_scores(&split.map(|v| (v - center).abs())));
    // Where most draws are infinite folding is undefined; `max` then keeps the bulk's value, as ArviZ does.
    bulk.max(folded)
}

/// Gelman and Rubin's ratio of the pooled to the within-chain standard deviation.
fn split_rhat(draws: &Chains) -> f64 {
    let n = draws.draws() as f64;
    let between = n * variance(&draws.means());
    let variances: Vec<f64> = draws.iter().map(variance).collect();
    ((between / mean(&variances) + n - 1.0) / n).sqrt()
}
