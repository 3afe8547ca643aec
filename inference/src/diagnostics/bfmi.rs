//! E-BFMI: does resampling the momentum let the sampler reach every energy the posterior has?

use super::sum::{mean, variance};

/// The estimated Bayesian fraction of missing information of one chain, from its energies (the Hamiltonian at each
/// draw): mean squared step over variance. Below 0.3 the sampler explores the tails poorly; near 1 or above it is
/// good. NaN for fewer than two draws or a constant energy.
///
/// Betancourt (2016), "Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo"; ArviZ's `bfmi`.
pub fn bfmi(energy: &[f64]) -> f64 {
    let steps: Vec<f64> = energy.windows(2).map(|e| (e[1] - e[0]) * (e[1] - e[0])).collect();
    mean(&steps) / variance(energy)
}
