//! Rank normalisation: draws to normal scores, so that heavy tails and infinite variance do not spoil R-hat and ESS.

use super::{chains::Chains, normal::normal_quantile};

/// Ranks from 1 over all values, ties sharing their average.
fn average_ranks(values: &[f64]) -> Vec<f64> {
    // Beside its place a value is at hand where it is compared.
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    // `==` and not the total order: 0.0 and -0.0 are one value.
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = (2 * start + tied.len() + 1) as f64 / 2.0;
        for (_, index) in tied {
            ranks[*index] = rank;
        }
        start += tied.len();
    }
    ranks
}

/// The normal scores of the draws' pooled ranks, with Blom's offset 3/8. NaN draws stay NaN and take no rank.
pub(crate) fn normal_scores(draws: &Chains) -> Chains {
    const OFFSET: f64 = 0.375;
    let values = draws.values();
    let defined: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let mut ranks = average_ranks(&defined).into_iter();
    let count = values.len() as f64;
    let score = |v: &f64| {
        let rank = if v.is_nan() { f64::NAN } else { ranks.next().unwrap_or(f64::NAN) };
        normal_quantile((rank - OFFSET) / (count - 2.0 * OFFSET + 1.0))
    };
    draws.with_values(values.iter().map(score).collect())
}
