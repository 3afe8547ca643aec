//! What a run cost: time and gradient evaluations, chain by chain.

use std::time::Duration;

/// What one chain cost.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ChainInfo {
    /// The search for an initial position and the adapting transitions.
    pub warmup: Duration,
    /// The kept transitions, their values computed and stored.
    pub sampling: Duration,
    /// Evaluations of the log density with its gradient during warm-up.
    pub warmup_gradients: u64,
    /// Evaluations of the log density with its gradient, one a leapfrog step, while sampling.
    pub sampling_gradients: u64,
}

/// What a run cost.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RunInfo {
    /// Each chain's cost, in order.
    pub chains: Vec<ChainInfo>,
    /// The engine that made the transitions.
    pub engine: Option<super::Engine>,
    /// The number of chains that ran at once, at most.
    pub threads: usize,
    /// From the first chain's start to the last one's end; compilation is not in it
    /// ([`Program::timings`](pyroxene_frontend::Program::timings) has that).
    pub wall: Duration,
    /// Whether the run was stopped early, by [`Monitor::stop`](super::Monitor::stop).
    pub interrupted: bool,
}

impl RunInfo {
    /// The longest warm-up of a chain.
    pub fn warmup(&self) -> Duration {
        self.chains.iter().map(|c| c.warmup).max().unwrap_or_default()
    }

    /// The longest sampling of a chain.
    pub fn sampling(&self) -> Duration {
        self.chains.iter().map(|c| c.sampling).max().unwrap_or_default()
    }

    /// All evaluations of the log density with its gradient, over all chains, warm-up included.
    pub fn gradients(&self) -> u64 {
        self.chains.iter().map(|c| c.warmup_gradients + c.sampling_gradients).sum()
    }
}
