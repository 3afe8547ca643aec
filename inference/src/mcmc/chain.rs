//! One chain from its first random number to its last draw, on one thread, whatever engine makes its transitions.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use pyroxene_frontend::Bound;

use super::{
    engine::Engine,
    error::Error,
    host_driven::HostDriven,
    in_graph::{InGraph, InGraphChains},
    monitor::{Counters, Monitor},
    stats::Stat,
};
use crate::{init::Starts, kernels::Nuts, results::ChainDraws};

/// Who makes transitions.
pub(super) enum Sampler {
    HostDriven(Nuts),
    InGraph(Arc<InGraph>),
}

impl Sampler {
    pub(super) fn engine(&self) -> Engine {
        match self {
            Sampler::HostDriven(_) => Engine::HostDriven,
            Sampler::InGraph(_) => Engine::InGraph,
        }
    }
}

/// What all chains of a run share.
pub(super) struct Plan {
    pub(super) bound: Bound,
    pub(super) sampler: Sampler,
    pub(super) stats: Vec<Stat>,
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

/// The chains of one thread, which are warmed up.
pub(super) trait Chain {
    /// Makes `n` transitions of each and keeps every `thinning`-th of them, in the stores given.
    fn draw(&mut self, n: usize, stores: Vec<ChainDraws>) -> Result<Vec<Stretch>, Error>;
}

/// Chains, and what they did in warm-up.
pub(super) type WarmedUp = (Box<dyn Chain>, Vec<Stretch>);

/// Finds initial positions of the chains numbered from `first` on, as many as stores, puts the sampler there and adapts
/// it.
pub(super) fn warm_up(
    plan: &Arc<Plan>,
    first: usize,
    counters: &[Arc<Counters>],
    mut stores: Vec<ChainDraws>,
) -> Result<WarmedUp, Error> {
    match (&plan.sampler, counters, stores.pop()) {
        (Sampler::HostDriven(nuts), [counters], Some(store)) => {
            HostDriven::warm_up(plan, nuts, first, counters, store)
        }
        (Sampler::HostDriven(_), ..) | (_, _, None) => Err(Error::Ended { chain: first }),
        (Sampler::InGraph(graph), counters, Some(store)) => {
            stores.push(store);
            InGraphChains::warm_up(plan, graph, first, counters, stores)
        }
    }
}
