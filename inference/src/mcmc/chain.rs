//! One chain from its first random number to its last draw, on one thread.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use pyroxene_frontend::Bound;

use super::{error::Error, info::ChainInfo};
use crate::{
    init::{Search, init_error, init_to_uniform},
    nuts::{Failure, Nuts, Transitions, chain_rng},
    potential::{Constrained, Potential},
    results::{ChainDraws, SiteSpec},
};

/// What all chains of a run share.
pub(super) struct Plan<'a> {
    pub(super) bound: &'a Bound,
    pub(super) nuts: Nuts,
    pub(super) warmup: usize,
    pub(super) draws: usize,
    pub(super) seed: u64,
    pub(super) sites: &'a [SiteSpec],
    /// Set when another chain has failed, so that this one's work is in vain.
    pub(super) stop: AtomicBool,
}

impl Plan<'_> {
    /// Runs chain number `chain` and stores its draws; `None` if it was stopped.
    pub(super) fn run(
        &self,
        chain: usize,
        mut store: ChainDraws,
    ) -> Result<Option<(ChainDraws, ChainInfo)>, Error> {
        let fail = |failure: Failure| match failure {
            Failure::Device(source) => Error::Device { chain, source },
            Failure::Sampler(message) => Error::Sampler { chain, message },
        };
        let start = Instant::now();
        let mut transitions = self.start(chain)?;
        for _ in 0..self.warmup {
            if self.stopped() {
                return Ok(None);
            }
            transitions.warm_up().map_err(fail)?;
        }
        let (warmup, warmup_gradients) = (start.elapsed(), transitions.evaluations());
        let mut constrained = Constrained::new(self.bound)?;
        let mut columns: Vec<Vec<f64>> = self.sites.iter().map(|s| vec![0.0; s.size()]).collect();
        for _ in 0..self.draws {
            if self.stopped() {
                return Ok(None);
            }
            let (position, stats) = transitions.draw().map_err(fail)?;
            let values = constrained.values(&position, &mut columns);
            values.map_err(|source| Error::Device { chain, source })?;
            store.push(&columns, &stats)?;
        }
        let sampling: Duration = start.elapsed() - warmup;
        let sampling_gradients = transitions.evaluations() - warmup_gradients;
        Ok(Some((store, ChainInfo { warmup, sampling, warmup_gradients, sampling_gradients })))
    }

    /// Finds an initial position and puts the sampler there.
    fn start(&self, chain: usize) -> Result<Transitions, Error> {
        let device = |source| Error::Device { chain, source };
        let mut rng = chain_rng(self.seed, chain as u64);
        let mut potential = Potential::new(self.bound)?;
        match init_to_uniform(&mut potential, &mut rng).map_err(device)? {
            Search::Found(position) => {
                let started = Transitions::start(&self.nuts, self.warmup, potential, &position, &mut rng);
                started.map_err(|failure| match failure {
                    Failure::Device(source) => device(source),
                    Failure::Sampler(message) => Error::Sampler { chain, message },
                })
            }
            Search::Failed { position, log_density, gradient } => {
                let error = init_error(self.bound, chain, &position, log_density, &gradient);
                Err(Error::Initialization(Box::new(error)))
            }
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
