//! Monte Carlo standard errors: how far a posterior mean or standard deviation may be off for want of draws.

use super::{
    chains::Chains,
    ess::of_mean,
    sum::{mean, variance},
};

/// The Monte Carlo standard error of the mean, in the units of the draws: sd / √ESS. ArviZ's `mcse(method="mean")`.
pub fn mcse_mean<C: AsRef<[f64]>>(chains: &[C]) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| standard_errors(&draws).0)
}

/// The Monte Carlo standard error of the standard deviation, in the units of the draws, from the fourth moment by
/// the delta method. ArviZ's `mcse(method="sd")`.
pub fn mcse_sd<C: AsRef<[f64]>>(chains: &[C]) -> f64 {
    Chains::new(chains).map_or(f64::NAN, |draws| standard_errors(&draws).1)
}

/// The standard errors of mean and standard deviation, from one effective sample size.
pub(crate) fn standard_errors(draws: &Chains) -> (f64, f64) {
    if !draws.are_valid(1) {
        return (f64::NAN, f64::NAN);
    }
    let size = of_mean(draws);
    let center = mean(draws.values());
    let squares: Vec<f64> = draws.values().iter().map(|v| (v - center) * (v - center)).collect();
    let fourths: Vec<f64> = squares.iter().map(|s| s * s).collect();
    let spread = mean(&squares);
    let spread_variance = (mean(&fourths) - spread * spread) / size;
    ((variance(draws.values())).sqrt() / size.sqrt(), (spread_variance / spread / 4.0).sqrt())
}
