//! The draws of one scalar from all chains, as the rectangular table `[chain][draw]` that every diagnostic reads.

use super::sum::mean;

/// Draws of one scalar, `[chain][draw]`, all chains of one length.
#[derive(Debug, Clone)]
pub(crate) struct Chains {
    draws: usize,
    values: Vec<f64>,
}

/// The shortest chain whose halves still have a variance.
const MIN_DRAWS: usize = 4;

impl Chains {
    /// The table of the chains given; `None` when their lengths differ.
    pub(crate) fn new<C: AsRef<[f64]>>(chains: &[C]) -> Option<Chains> {
        let draws = chains.first().map_or(0, |c| c.as_ref().len());
        if chains.iter().any(|c| c.as_ref().len() != draws) {
            return None;
        }
        let values = chains.iter().flat_map(|c| c.as_ref()).copied().collect();
        Some(Chains { draws, values })
    }

    /// A table from its values in `[chain][draw]` order.
    pub(crate) fn from_values(draws: usize, values: Vec<f64>) -> Chains {
        Chains { draws, values }
    }

    /// The number of chains.
    pub(crate) fn chains(&self) -> usize {
        self.values.len().checked_div(self.draws).unwrap_or(0)
    }

    /// The number of draws in each chain.
    pub(crate) fn draws(&self) -> usize {
        self.draws
    }

    /// All draws, chain after chain.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// One slice a chain.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.draws.max(1))
    }

    /// The mean of each chain.
    pub(crate) fn means(&self) -> Vec<f64> {
        self.iter().map(mean).collect()
    }

    /// Whether the diagnostics are defined: enough chains, enough draws, no NaN. Infinite draws have ranks.
    pub(crate) fn are_valid(&self, min_chains: usize) -> bool {
        self.draws >= MIN_DRAWS && self.chains() >= min_chains && !self.values.iter().any(|v| v.is_nan())
    }

    /// Each chain's first and last half as chains of their own (first halves, then last halves); of an odd number
    /// of draws the middle one is left out.
    pub(crate) fn split(&self) -> Chains {
        let half = self.draws / 2;
        let first = self.iter().flat_map(|c| &c[..half]);
        let last = self.iter().flat_map(|c| &c[self.draws - half..]);
        Chains { draws: half, values: first.chain(last).copied().collect() }
    }

    /// The same table with `f` applied to each draw.
    pub(crate) fn map(&self, f: impl Fn(f64) -> f64) -> Chains {
        Chains { draws: self.draws, values: self.values.iter().map(|v| f(*v)).collect() }
    }

    /// The same table with all its values replaced.
    pub(super) fn with_values(&self, values: Vec<f64>) -> Chains {
        Chains { draws: self.draws, values }
    }
}
