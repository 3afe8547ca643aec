//! The No-U-Turn sampler's settings: what a user chooses, and the transitions made of it.

mod density;
mod transitions;

pub(crate) use transitions::{Drawn, Failure, STATS, Transitions, chain_rng};

use crate::mcmc::Error;

/// The No-U-Turn sampler with multinomial trajectories (Hoffman and Gelman 2014; Betancourt 2017), NumPyro's `NUTS`.
///
/// The implementation is `nuts-rs`, nutpie's. During warm-up it adapts the step size by dual averaging, and a mass
/// matrix, see [`Metric`], from the draws and their gradients: the one that minimises the Fisher divergence to a
/// standard normal, where Stan and NumPyro use the draws' variances alone. A trajectory whose energy grows by more than 1000, or which
/// meets a density or gradient that is not finite, counts as divergent.
///
/// ```
/// use pyroxene_inference::Nuts;
/// let nuts = Nuts::default().target_accept_prob(0.95).max_tree_depth(12);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Nuts {
    target_accept_prob: f64,
    max_tree_depth: u32,
    step_size: f64,
    adapt_step_size: bool,
    metric: Metric,
}

/// The form of the mass matrix that is adapted during warm-up.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Metric {
    /// A diagonal matrix: a scale for each coordinate.
    #[default]
    Diagonal,
    /// A diagonal matrix with a correction of low rank, for posteriors with strong correlations; each step costs some
    /// multiples of the dimension more (nutpie's `low_rank_modified_mass_matrix`).
    LowRank,
}

impl Default for Nuts {
    /// NumPyro's defaults.
    fn default() -> Nuts {
        Nuts {
            target_accept_prob: 0.8,
            max_tree_depth: 10,
            step_size: 1.0,
            adapt_step_size: true,
            metric: Metric::Diagonal,
        }
    }
}

impl Nuts {
    /// The mean acceptance probability that the step size is adapted to, between 0 and 1. Nearer to 1, steps are
    /// smaller and divergences rarer. Default 0.8.
    #[must_use]
    pub fn target_accept_prob(mut self, probability: f64) -> Nuts {
        self.target_accept_prob = probability;
        self
    }

    /// How often a trajectory may double: it has at most `2^depth − 1` leapfrog steps. Default 10, at most 20.
    #[must_use]
    pub fn max_tree_depth(mut self, depth: u32) -> Nuts {
        self.max_tree_depth = depth;
        self
    }

    /// The step size the search for a reasonable one starts from, or the one used throughout where it is not adapted;
    /// in units of the mass matrix. Default 1.
    #[must_use]
    pub fn step_size(mut self, size: f64) -> Nuts {
        self.step_size = size;
        self
    }

    /// Whether the step size is adapted during warm-up. Default true.
    #[must_use]
    pub fn adapt_step_size(mut self, adapt: bool) -> Nuts {
        self.adapt_step_size = adapt;
        self
    }

    /// The form of the mass matrix. Default diagonal.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Nuts {
        self.metric = metric;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let fail = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if !(self.target_accept_prob > 0.0 && self.target_accept_prob < 1.0) {
            let found = self.target_accept_prob.to_string();
            return fail("target_accept_prob", found, "a number between 0 and 1");
        }
        if !(1..=20).contains(&self.max_tree_depth) {
            return fail("max_tree_depth", self.max_tree_depth.to_string(), "a depth from 1 to 20");
        }
        if !(self.step_size > 0.0 && self.step_size.is_finite()) {
            return fail("step_size", self.step_size.to_string(), "a positive, finite number");
        }
        Ok(())
    }
}
