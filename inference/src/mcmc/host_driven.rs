//! Chains of the host-driven engine: `nuts-rs` makes transitions, one dispatch a leapfrog step.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{
    chain::{Chain, Plan, Stretch, WarmedUp},
    error::Error,
    monitor::Counters,
};
use crate::{
    host::{Drawn, Failure, Transitions, chain_rng},
    init::{Search, init_error},
    kernels::Nuts,
    potential::{Constrained, Potential},
    results::ChainDraws,
};

/// A chain that has an initial position.
pub(super) struct HostDriven {
    plan: Arc<Plan>,
    chain: usize,
    counters: Arc<Counters>,
    transitions: Transitions,
    constrained: Constrained,
    /// One draw, a column a site.
    columns: Vec<Vec<f64>>,
}

impl HostDriven {
    /// Finds an initial position, puts the sampler there and adapts it.
    pub(super) fn warm_up(
        plan: &Arc<Plan>,
        nuts: &Nuts,
        chain: usize,
        counters: &Arc<Counters>,
        store: ChainDraws,
    ) -> Result<WarmedUp, Error> {
        let start = Instant::now();
        let transitions = start_chain(plan, nuts, chain)?;
        let mut live = HostDriven {
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
        Ok((Box::new(live), vec![Stretch { draws, time, gradients }]))
    }

    fn stretch(&mut self, n: usize, mut store: ChainDraws) -> Result<Stretch, Error> {
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
        self.counters.count(
            adapting,
            1,
            usize::from(drawn.diverging),
            drawn.step_size,
            self.transitions.evaluations(),
        );
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

impl Chain for HostDriven {
    fn draw(&mut self, n: usize, stores: Vec<ChainDraws>) -> Result<Vec<Stretch>, Error> {
        stores.into_iter().map(|store| self.stretch(n, store)).collect()
    }
}

fn start_chain(plan: &Plan, nuts: &Nuts, chain: usize) -> Result<Transitions, Error> {
    let mut rng = chain_rng(plan.seed, chain as u64);
    let mut potential = Potential::new(&plan.bound)?;
    let dimension = potential.dimension();
    let (mut search, mut gradient) = (Search::new(dimension), vec![0.0; dimension]);
    while !search.is_over() {
        let position = search.propose(&plan.starts, &mut rng)?;
        let log_density = potential.log_density(position, &mut gradient);
        search.tell(log_density.map_err(|source| Error::Device { chain, source })?, &gradient);
    }
    match search.finish() {
        Ok(start) => {
            let started = Transitions::start(nuts, plan.warmup, potential, &start.position, &mut rng);
            started.map_err(|failure| error(chain, failure))
        }
        Err(last) => Err(Error::Initialization(Box::new(init_error(&plan.bound, chain, &last)))),
    }
}

fn error(chain: usize, failure: Failure) -> Error {
    match failure {
        Failure::Device(source) => Error::Device { chain, source },
        Failure::Sampler(message) => Error::Sampler { chain, message },
    }
}
