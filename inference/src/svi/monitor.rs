//! Watching and stopping an optimisation from another thread.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// A view of an optimisation that goes on in another thread, and the means to end it early. Clones are views of the same
/// run.
#[derive(Clone, Default, Debug)]
pub struct SviMonitor(Arc<Shared>);

#[derive(Default, Debug)]
struct Shared {
    stopped: AtomicBool,
    step: AtomicUsize,
    total: AtomicUsize,
    first: AtomicU64,
    mean: AtomicU64,
}

/// How far an optimisation has come.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct SviProgress {
    /// Steps made.
    pub step: usize,
    /// Of how many.
    pub total: usize,
    /// The loss at the first step.
    pub init_loss: f64,
    /// The mean loss of the last block of steps.
    pub avg_loss: f64,
}

impl SviMonitor {
    /// A view of the run that it will be given to, by [`Svi::monitor`](super::Svi::monitor).
    pub fn new() -> SviMonitor {
        SviMonitor::default()
    }

    /// Has the run end after its current block of steps, a tenth of a second at most where steps are short. It then returns
    /// what it has.
    pub fn stop(&self) {
        self.0.stopped.store(true, Relaxed);
    }

    /// Whether [`SviMonitor::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Relaxed)
    }

    /// How far the run has come; all zero before it begins.
    pub fn progress(&self) -> SviProgress {
        SviProgress {
            step: self.0.step.load(Relaxed),
            total: self.0.total.load(Relaxed),
            init_loss: f64::from_bits(self.0.first.load(Relaxed)),
            avg_loss: f64::from_bits(self.0.mean.load(Relaxed)),
        }
    }

    pub(super) fn begin(&self, total: usize) {
        self.0.step.store(0, Relaxed);
        self.0.total.store(total, Relaxed);
    }

    /// Counts a block of steps with these losses.
    pub(super) fn count(&self, losses: &[f64]) {
        if self.0.step.fetch_add(losses.len(), Relaxed) == 0
            && let Some(first) = losses.first()
        {
            self.0.first.store(first.to_bits(), Relaxed);
        }
        let finite: Vec<f64> = losses.iter().copied().filter(|x| x.is_finite()).collect();
        let mean =
            if finite.is_empty() { f64::NAN } else { finite.iter().sum::<f64>() / finite.len() as f64 };
        self.0.mean.store(mean.to_bits(), Relaxed);
    }
}
