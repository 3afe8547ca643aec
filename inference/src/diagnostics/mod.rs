//! Convergence diagnostics of Markov chains: draws of one scalar in, one number out, for the summary and its warnings.
//!
//! All of them follow Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), "Rank-normalization, folding, and
//! localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16(2), and equal ArviZ's
//! numbers (`tests/golden/`). Every function takes one slice of draws per chain:
//!
//! ```
//! use pyroxene_inference::diagnostics::{ess_bulk, rhat};
//! let chains = [[0.3, -1.2, 0.8, 0.1, -0.4, 1.1], [0.5, -0.9, 0.2, 1.4, -0.6, -0.1]];
//! assert!(rhat(&chains) > 0.5);
//! assert!(ess_bulk(&chains) > 1.0);
//! ```
//!
//! A diagnostic is NaN where it is undefined: a draw is NaN, the chains are of different lengths, there are fewer
//! than four draws in a chain (or, for R-hat, fewer than two chains).

mod autocovariance;
mod bfmi;
mod chains;
pub(crate) mod ess;
pub(crate) mod mcse;
mod normal;
mod quantile;
mod rank;
pub(crate) mod rhat;
mod sum;

pub use bfmi::bfmi;
pub(crate) use chains::Chains;
pub use ess::{ess_bulk, ess_mean, ess_quantile, ess_tail};
pub use mcse::{mcse_mean, mcse_sd};
pub use quantile::quantile;
pub(crate) use quantile::{quantile_of_sorted, sorted};
pub(crate) use rank::normal_scores;
pub use rhat::rhat;
pub(crate) use sum::{mean, variance};
