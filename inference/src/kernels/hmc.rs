//! The settings of Hamiltonian Monte Carlo.

use super::{Metric, check};
use crate::mcmc::Error;

/// Hamiltonian Monte Carlo with trajectories of one length in time (Neal 2011), NumPyro's `HMC`: `⌊trajectory_length /
/// step_size⌋` leapfrog steps, at least one, and a Metropolis test at their end. Runs on the in-graph engine.
///
/// Where the length suits the posterior, an effective draw takes fewer steps than with [`Nuts`](super::Nuts); where it is a
/// multiple of a period, chains hardly move. Step size and mass matrix adapt as those of [`Nuts`](super::Nuts).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// use pyroxene_inference::{Hmc, Mcmc};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mcmc = Mcmc::new(Hmc::default().trajectory_length(1.5), |_: &()| { sample("x", Normal::new(0.0, 1.0)); });
/// assert_eq!(mcmc.chains(2).warmup(100).draws(50).run(&())?.num_draws(), 50);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hmc {
    pub(crate) target_accept_prob: f64,
    pub(crate) step_size: f64,
    pub(crate) adapt_step_size: bool,
    pub(crate) trajectory_length: f64,
    pub(crate) metric: Metric,
}

impl Default for Hmc {
    /// NumPyro's defaults: a trajectory of length 2π.
    fn default() -> Hmc {
        Hmc {
            target_accept_prob: 0.8,
            step_size: 1.0,
            adapt_step_size: true,
            trajectory_length: std::f64::consts::TAU,
            metric: Metric::default(),
        }
    }
}

impl Hmc {
    /// The length of a trajectory, in units of the mass matrix. Default 2π.
    #[must_use]
    pub fn trajectory_length(mut self, length: f64) -> Hmc {
        self.trajectory_length = length;
        self
    }

    /// The mean acceptance probability that the step size is adapted to, between 0 and 1. Default 0.8.
    #[must_use]
    pub fn target_accept_prob(mut self, probability: f64) -> Hmc {
        self.target_accept_prob = probability;
        self
    }

    /// The step size the search for a reasonable one starts from, or the one used throughout where it is not adapted.
    /// Default 1.
    #[must_use]
    pub fn step_size(mut self, size: f64) -> Hmc {
        self.step_size = size;
        self
    }

    /// Whether the step size is adapted during warm-up. Default true.
    #[must_use]
    pub fn adapt_step_size(mut self, adapt: bool) -> Hmc {
        self.adapt_step_size = adapt;
        self
    }

    /// The form of the mass matrix. Default [`Metric::Auto`].
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Hmc {
        self.metric = metric;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        check(self.target_accept_prob, self.step_size)?;
        if !(self.trajectory_length > 0.0 && self.trajectory_length.is_finite()) {
            let found = self.trajectory_length.to_string();
            let expected = "a positive, finite number";
            return Err(Error::Setting { setting: "trajectory_length", found, expected });
        }
        Ok(())
    }
}
