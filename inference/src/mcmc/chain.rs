//! One chain from its first random number to its last draw, on one thread.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use pyroxene_frontend::Bound;

use super::{
    error::Error,
    monitor::{Counters, Monitor},
};
use crate::{
    init::{Search, Starts, init_error, search},
    nuts::{Drawn, Failure, Nuts, Transitions, chain_rng},
    potential::{Constrained, Potential},
    results::ChainDraws,
};

/// What all chains of a run share.
pub(super) struct Plan {
    pub(super) bound: Bound,
    pub(super) nuts: Nuts,
    pub(super) starts: Starts,
    pub(super) warmup: usize,
    pub(super) thinning: usize,
    pub(super) collect_warmup: bool,
    pub(super) seed: u64,
    /// The number of scalars of each site.
    pub(super) sizes: Vec<usize>,
    pub(super) monitor: Monitor,
    /// Set when another chain has failed, or nobody waits any more, so that this one's work is in vain.
    pub(super) abandoned: AtomicBool,
}

/// A stretch of a chain: what it drew, and its cost.
pub(super) struct Stretch {
    pub(super) draws: ChainDraws,
    pub(super) time: Duration,
    pub(super) gradients: u64,
}

/// A chain that has an initial position.
pub(super) struct LiveChain {
    plan: Arc<Plan>,
    chain: usize,
    counters: Arc<Counters>,
    transitions: Transitions,
    constrained: Constrained,
    /// One draw, a column a site.
    columns: Vec<Vec<f64>>,
}

impl LiveChain {
    /// Finds an initial position, puts the sampler there and adapts it.
    pub(super) fn warm_up(
        plan: &Arc<Plan>,
        chain: usize,
        counters: &Arc<Counters>,
        store: ChainDraws,
    ) -> Result<(LiveChain, Stretch), Error> {
        let start = Instant::now();
        let transitions = start_chain(plan, chain)?;
        let mut live = LiveChain {
            constrained: Constrained::new(&plan.bound)?,
            columns: plan.sizes.iter().map(|size| vec![0.0; *size]).collect(),
            plan: plan.clone(),
            chain,
            counters: counters.clone(),
            transitions,
        };
        let mut draws = store;
        for _ in 0..plan.warmup {
            if live.stopped() {
                break;
            }
            let drawn = live.transition(true)?;
            if plan.collect_warmup {
                live.keep(&drawn, &mut draws)?;
            }
        }
        let (time, gradients) = (start.elapsed(), live.transitions.evaluations());
        Ok((live, Stretch { draws, time, gradients }))
    }

    /// Makes `n` transitions and keeps every `thinning`-th of them.
    pub(super) fn draw(&mut self, n: usize, mut store: ChainDraws) -> Result<Stretch, Error> {
        let (start, gradients) = (Instant::now(), self.transitions.evaluations());
        for i in 1..=n {
            if self.stopped() {
                break;
            }
            let drawn = self.transition(false)?;
            if i % self.plan.thinning == 0 {
                self.keep(&drawn, &mut store)?;
            }
        }
        let gradients = self.transitions.evaluations() - gradients;
        Ok(Stretch { draws: store, time: start.elapsed(), gradients })
    }

    fn transition(&mut self, adapting: bool) -> Result<Drawn, Error> {
        let drawn = self.transitions.draw().map_err(|failure| error(self.chain, failure))?;
        self.counters.count(adapting, drawn.diverging, drawn.step_size, self.transitions.evaluations());
        Ok(drawn)
    }

    fn keep(&mut self, drawn: &Drawn, store: &mut ChainDraws) -> Result<(), Error> {
        let values = self.constrained.values(&drawn.position, &mut self.columns);
        values.map_err(|source| Error::Device { chain: self.chain, source })?;
        Ok(store.push(&self.columns, &drawn.stats)?)
    }

    fn stopped(&self) -> bool {
        self.plan.abandoned.load(Ordering::Relaxed) || self.plan.monitor.is_stopped()
    }
}

fn start_chain(plan: &Plan, chain: usize) -> Result<Transitions, Error> {
    let mut rng = chain_rng(plan.seed, chain as u64);
    let mut potential = Potential::new(&plan.bound)?;
    let found = search(&plan.starts, &mut potential, &mut rng).map_err(|error| match error {
        pyroxene_frontend::Error::Runtime(source) => Error::Device { chain, source },
        other => Error::Program(other),
    })?;
    match found {
        Search::Found(position) => {
            let started = Transitions::start(&plan.nuts, plan.warmup, potential, &position, &mut rng);
            started.map_err(|failure| error(chain, failure))
        }
        Search::Failed { position, log_density, gradient } => {
            let error = init_error(&plan.bound, chain, &position, log_density, &gradient);
            Err(Error::Initialization(Box::new(error)))
        }
    }
}

fn error(chain: usize, failure: Failure) -> Error {
    match failure {
        Failure::Device(source) => Error::Device { chain, source },
        Failure::Sampler(message) => Error::Sampler { chain, message },
    }
}
