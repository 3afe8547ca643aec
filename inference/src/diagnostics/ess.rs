//! Effective sample sizes: how many independent draws would estimate a mean, the bulk or a quantile as well.

use super::{
    autocovariance::Autocovariance,
    chains::Chains,
    quantile::{quantile_of_sorted, sorted},
    rank::normal_scores,
    sum::{sum, variance},
};

/// The probabilities of the two quantiles that [`ess_tail`] reads.
const TAILS: [f64; 2] = [0.05, 0.95];

/// Draws whose range is below this are taken as all equal (ArviZ's rule).
const CONSTANT: f64 = 1e-15;

/// Bulk ESS: of the rank-normalised split chains. Tells whether the centre of the distribution is explored.
///
/// ArviZ's `ess(method="bulk")`; Vehtari et al. (2021), section 4.
pub fn ess_bulk<C: AsRef<[f64]>>(chains: &[C]) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| bulk(&draws, &normal_scores(&draws.split())))
}

/// Tail ESS: the smaller of [`ess_quantile`] at 5% and at 95%.
///
/// ArviZ's `ess(method="tail", prob=(0.05, 0.95))`; Vehtari et al. (2021), section 4. ArviZ 1.x's own summary reads
/// the quantiles at 11% and 89% instead, which follow from its default interval.
pub fn ess_tail<C: AsRef<[f64]>>(chains: &[C]) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| tail(&draws, &sorted(draws.values())))
}

/// ESS of the estimate of the quantile at probability `p` in `[0, 1]`. ArviZ's `ess(method="quantile")`.
pub fn ess_quantile<C: AsRef<[f64]>>(chains: &[C], p: f64) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| at_quantiles(&draws, &sorted(draws.values()), &[p]))
}

/// ESS of the mean, of the split chains without rank normalisation. ArviZ's `ess(method="mean")`.
pub fn ess_mean<C: AsRef<[f64]>>(chains: &[C]) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| of_mean(&draws))
}

/// `scores` are the normal scores of the split draws.
pub(crate) fn bulk(draws: &Chains, scores: &Chains) -> f64 {
    if draws.are_valid(1) { effective_size(scores) } else { f64::NAN }
}

/// `sorted` are the draws' values in order.
pub(crate) fn tail(draws: &Chains, sorted: &[f64]) -> f64 {
    at_quantiles(draws, sorted, &TAILS)
}

pub(crate) fn of_mean(draws: &Chains) -> f64 {
    if draws.are_valid(1) { effective_size(&draws.split()) } else { f64::NAN }
}

/// The smallest ESS of the quantiles at `probabilities`.
fn at_quantiles(draws: &Chains, sorted: &[f64], probabilities: &[f64]) -> f64 {
    if !draws.are_valid(1) {
        return f64::NAN;
    }
    let size = |p: &f64| {
        let bound = quantile_of_sorted(sorted, *p);
        effective_size(&draws.map(|v| f64::from(u8::from(v <= bound))).split())
    };
    probabilities.iter().map(size).fold(f64::INFINITY, f64::min)
}

/// The effective sample size of the mean over all chains as they are: Geyer's (1992) initial monotone sequence of
/// the autocorrelation combined over chains, at most n·log10(n).
fn effective_size(draws: &Chains) -> f64 {
    let size = draws.values().len() as f64;
    let highest = draws.values().iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = draws.values().iter().copied().fold(f64::INFINITY, f64::min);
    if highest - lowest < CONSTANT {
        return size;
    }
    let mut autocovariance = Autocovariance::new(draws);
    let n = draws.draws() as f64;
    let within = autocovariance.at(0) * n / (n - 1.0);
    let mut pooled = within * (n - 1.0) / n;
    if draws.chains() > 1 {
        pooled += variance(&draws.means());
    }
    if !pooled.is_finite() {
        return f64::NAN;
    }
    let (mut pairs, rest) =
        initial_positive_sequence(draws.draws(), |lag| 1.0 - (within - autocovariance.at(lag)) / pooled);
    make_monotone(&mut pairs);
    let time = -1.0 + 2.0 * sum(&pairs) + rest;
    size / time.max(1.0 / size.log10())
}

/// Autocorrelations in pairs (even lag, odd lag) as long as a pair's sum is positive, and what to add for the even
/// lag after them.
fn initial_positive_sequence(draws: usize, mut rho: impl FnMut(usize) -> f64) -> (Vec<f64>, f64) {
    let mut pairs = vec![];
    let (mut even, mut odd) = (1.0, rho(1));
    let mut lag = 1;
    while lag + 3 < draws && even + odd > 0.0 {
        pairs.extend([even, odd]);
        (even, odd) = (rho(lag + 1), rho(lag + 2));
        lag += 2;
    }
    (pairs, if even > 0.0 || even + odd >= 0.0 { even } else { 0.0 })
}

/// Lowers each pair whose sum exceeds the sum of the pair before it.
fn make_monotone(rho: &mut [f64]) {
    for i in (2..rho.len()).step_by(2) {
        let before = rho[i - 2] + rho[i - 1];
        if rho[i] + rho[i + 1] > before {
            rho[i] = before / 2.0;
            rho[i + 1] = rho[i];
        }
    }
}
