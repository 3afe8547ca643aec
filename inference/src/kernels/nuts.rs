//! The settings of the No-U-Turn sampler.

use super::check;
use crate::mcmc::Error;

/// The No-U-Turn sampler with multinomial trajectories (Hoffman and Gelman 2014; Betancourt 2017), NumPyro's `NUTS`.
///
/// During warm-up it adapts the step size by dual averaging, and a mass matrix, see [`Metric`]. A trajectory whose energy
/// grows by more than 1000, or which meets a density or gradient that is not finite, counts as divergent. Two
/// implementations make its transitions, see [`Engine`](crate::Engine).
///
/// ```
/// use pyroxene_inference::Nuts;
/// let nuts = Nuts::default().target_accept_prob(0.95).max_tree_depth(12);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Nuts {
    pub(crate) target_accept_prob: f64,
    pub(crate) max_tree_depth: u32,
    pub(crate) step_size: f64,
    pub(crate) adapt_step_size: bool,
    pub(crate) metric: Metric,
}

/// The form of the mass matrix, and what it is learned from during warm-up.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Metric {
    /// [`Diagonal`](Metric::Diagonal) or [`Fisher`](Metric::Fisher)'s, whichever the draws of a window promise the cheaper
    /// effective draws with: the largest variance of scaled draws in any direction, times the root of that of scaled
    /// gradients. In Stan's windows, each chain for itself; the last tenth of warm-up refines the step
    /// size, where chains have diverged for a higher acceptance than is asked for.
    /// On the host-driven engine it is `Diagonal`.
    #[default]
    Auto,
    /// A diagonal matrix, a scale for each coordinate, learned from the draws' variances: Stan's and NumPyro's. The
    /// in-graph engine has Stan's windows, the host-driven one nutpie's.
    Diagonal,
    /// A diagonal matrix learned from draws and their gradients, the one that minimises the Fisher divergence to a standard
    /// normal (Seyboldt, Carlson and Carpenter 2026), in nutpie's windows: nutpie's default. It is right after fewer draws;
    /// where the curvature differs much between draws, as in a stochastic volatility, its steps are too long for some.
    Fisher,
    /// A dense matrix learned from the draws' covariances in Stan's windows (NumPyro's `dense_mass`), for a few hundred
    /// coordinates at most: a step costs two products with it. On the in-graph engine.
    Dense,
    /// A diagonal matrix with a correction of low rank, for posteriors with strong correlations; each step costs some
    /// multiples of the dimension more (nutpie's `low_rank_modified_mass_matrix`). On the host-driven engine.
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
            metric: Metric::default(),
        }
    }
}

impl Nuts {
    /// The mean acceptance probability that the step size is adapted to, between 0 and 1. Nearer to 1, steps are
    /// smaller and divergences rarer. Default 0.8. Chains that still diverge late in warm-up under
    /// [`Metric::Auto`] are adapted to a higher one, as Stan advises its users to ask for.
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

    /// The form of the mass matrix. Default [`Metric::Auto`].
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Nuts {
        self.metric = metric;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        if !(1..=20).contains(&self.max_tree_depth) {
            let found = self.max_tree_depth.to_string();
            return Err(Error::Setting {
                setting: "max_tree_depth",
                found,
                expected: "a depth from 1 to 20",
            });
        }
        check(self.target_accept_prob, self.step_size)
    }
}
