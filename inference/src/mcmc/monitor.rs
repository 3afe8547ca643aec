//! Watching and stopping a run from another thread: counters that chains write and anyone reads.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// A view of a run that goes on in another thread, and the means to end it early. Clones are views of the same run.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// use pyroxene_inference::{Mcmc, Monitor, Nuts};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let monitor = Monitor::new();
/// let watched = monitor.clone();
/// let watcher = std::thread::spawn(move || watched.chains().iter().map(|c| c.divergences).sum::<usize>());
/// let mcmc = Mcmc::new(Nuts::default(), |_: &()| { sample("x", Normal::new(0.0, 1.0)); });
/// mcmc.warmup(100).draws(100).monitor(&monitor).run(&())?;
/// assert!(watcher.join().is_ok());
/// assert!(monitor.chains().iter().all(|chain| chain.draws == 100));
/// # Ok(()) }
/// ```
#[derive(Clone, Default, Debug)]
pub struct Monitor(Arc<Shared>);

#[derive(Default, Debug)]
struct Shared {
    stopped: AtomicBool,
    chains: Mutex<Vec<Arc<Counters>>>,
}

/// How far one chain has come.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct ChainProgress {
    /// Adapting transitions made.
    pub warmup: usize,
    /// Of how many.
    pub warmup_total: usize,
    /// Transitions made after warm-up.
    pub draws: usize,
    /// Of how many asked for so far.
    pub draws_total: usize,
    /// Divergent ones among those after warm-up.
    pub divergences: usize,
    /// Evaluations of the log density with its gradient, one a leapfrog step.
    pub leapfrogs: u64,
    /// The step size of the last transition.
    pub step_size: f64,
}

impl Monitor {
    /// A view of the run that it will be given to, by [`Mcmc::monitor`](super::Mcmc::monitor).
    pub fn new() -> Monitor {
        Monitor::default()
    }

    /// Has every chain end after its current transition. The run then returns the draws it has.
    pub fn stop(&self) {
        self.0.stopped.store(true, Relaxed);
    }

    /// Whether [`Monitor::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Relaxed)
    }

    /// How far each chain has come; empty before the run begins.
    pub fn chains(&self) -> Vec<ChainProgress> {
        self.lock().iter().map(|chain| chain.read()).collect()
    }

    /// Counters for the chains of a run that begins.
    pub(super) fn begin(&self, chains: usize, warmup: usize) -> Vec<Arc<Counters>> {
        let counters = || Arc::new(Counters { warmup_total: warmup, ..Counters::default() });
        let new: Vec<Arc<Counters>> = (0..chains).map(|_| counters()).collect();
        self.lock().clone_from(&new);
        new
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Counters>>> {
        self.0.chains.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a chain counts.
#[derive(Default, Debug)]
pub(super) struct Counters {
    warmup: AtomicUsize,
    warmup_total: usize,
    draws: AtomicUsize,
    draws_total: AtomicUsize,
    divergences: AtomicUsize,
    leapfrogs: AtomicU64,
    step_size: AtomicU64,
}

impl Counters {
    pub(super) fn announce(&self, draws: usize) {
        self.draws_total.fetch_add(draws, Relaxed);
    }

    /// Counts transitions. Only the chain's own thread writes, so loads and stores need no order.
    pub(super) fn count(
        &self,
        adapting: bool,
        transitions: usize,
        divergences: usize,
        step_size: f64,
        leapfrogs: u64,
    ) {
        if adapting {
            self.warmup.fetch_add(transitions, Relaxed);
        } else {
            self.draws.fetch_add(transitions, Relaxed);
            self.divergences.fetch_add(divergences, Relaxed);
        }
        self.leapfrogs.store(leapfrogs, Relaxed);
        self.step_size.store(step_size.to_bits(), Relaxed);
    }

    fn read(&self) -> ChainProgress {
        ChainProgress {
            warmup: self.warmup.load(Relaxed),
            warmup_total: self.warmup_total,
            draws: self.draws.load(Relaxed),
            draws_total: self.draws_total.load(Relaxed),
            divergences: self.divergences.load(Relaxed),
            leapfrogs: self.leapfrogs.load(Relaxed),
            step_size: f64::from_bits(self.step_size.load(Relaxed)),
        }
    }
}
