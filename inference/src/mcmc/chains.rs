//! A run's chains, each on a thread of its own, which keep their state between requests for draws.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use super::{
    chain::{Plan, Stretch, warm_up},
    error::Error,
    info::{ChainInfo, RunInfo},
    monitor::Counters,
};
use crate::results::{ChainDraws, Posterior};

/// Chains that are warmed up and go on from where they are, as often as they are asked: NumPyro's
/// `mcmc.post_warmup_state = mcmc.last_state` without the bookkeeping.
///
/// ```
/// use pyroxene_frontend::{Model, prelude::*};
/// use pyroxene_inference::{Mcmc, Nuts};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(|_: &()| { sample("x", Normal::new(0.0, 1.0)); });
/// let mcmc = Mcmc::from_kernel(Nuts::default()).chains(2).warmup(100);
/// let mut chains = mcmc.start(&model.bind(&())?)?;
/// let first = chains.draw(50)?;
/// let more = chains.draw(150)?;
/// assert_eq!((first.num_draws(), more.num_draws()), (50, 150));
/// # Ok(()) }
/// ```
///
/// The draws are those of one longer run. Dropping the chains ends their threads.
pub struct Chains {
    plan: Arc<Plan>,
    empty: Posterior,
    workers: Vec<Worker>,
    info: RunInfo,
    /// When the chains began, until their first draws are asked for.
    begun: Option<Instant>,
    /// Warm-up draws, until the first posterior takes them along.
    warmup: Option<Vec<ChainDraws>>,
}

struct Worker {
    /// One for each of its chains.
    counters: Vec<Arc<Counters>>,
    /// Closed when no more are wanted.
    requests: Option<Sender<Request>>,
    /// The warm-up first, then a stretch for each request.
    stretches: Receiver<Result<Vec<Stretch>, Error>>,
    thread: Option<JoinHandle<()>>,
}

/// How many transitions to make next, and where to keep them.
struct Request {
    transitions: usize,
    stores: Vec<ChainDraws>,
}

/// So many stores with room for `draws` each. They are made in the thread that asks for draws: its memory has been used for
/// recording and compiling, while the first touch of each page of a new thread's costs 2 us.
fn stores(n: usize, empty: &Posterior, draws: usize) -> Vec<ChainDraws> {
    let mut stores: Vec<ChainDraws> = (0..n).map(|_| empty.chain()).collect();
    stores.iter_mut().for_each(|store| store.reserve(draws));
    stores
}

impl Chains {
    /// Starts `chains` chains, of which each thread takes `together`; `threads` run at once.
    pub(super) fn start(
        plan: Plan,
        chains: usize,
        together: usize,
        threads: usize,
        empty: Posterior,
    ) -> Result<Chains, Error> {
        let plan = Arc::new(plan);
        let permits = Arc::new(Permits::new(threads));
        let counters = plan.monitor.begin(chains, plan.warmup);
        let kept_of_warmup = if plan.collect_warmup { plan.warmup } else { 0 };
        let mut started = Chains {
            plan: plan.clone(),
            workers: Vec::new(),
            info: RunInfo { threads, engine: Some(plan.sampler.engine()), ..RunInfo::default() },
            begun: Some(Instant::now()),
            warmup: None,
            empty,
        };
        for (i, counters) in counters.chunks(together.max(1)).enumerate() {
            let chain = i * together.max(1);
            let (requests, inbox) = channel();
            let (outbox, stretches) = channel();
            let thread = ChainThread {
                plan: plan.clone(),
                chain,
                counters: counters.to_vec(),
                permits: permits.clone(),
                warmup: stores(counters.len(), &started.empty, kept_of_warmup),
            };
            let spawned = thread::Builder::new().name(format!("chain {chain}"));
            let spawned = spawned.spawn(move || thread.run(&inbox, &outbox));
            let thread = Some(spawned.map_err(|source| Error::Thread { chain, source })?);
            let counters = counters.to_vec();
            started.workers.push(Worker { counters, requests: Some(requests), stretches, thread });
        }
        Ok(started)
    }

    /// The next `n` transitions of every chain, of which every `thinning`-th is kept.
    ///
    /// After [`Monitor::stop`](super::Monitor::stop) the chains have different lengths. They are then cut to the
    /// shortest, and where dropping the shorter ones keeps more draws in all, they are dropped.
    ///
    /// # Errors
    /// When a chain finds no initial position or fails, or the run was stopped before a chain had a draw. A chain that
    /// has failed once goes on failing.
    pub fn draw(&mut self, n: usize) -> Result<Posterior, Error> {
        let start = self.begun.take().unwrap_or_else(Instant::now);
        for worker in &self.workers {
            worker.counters.iter().for_each(|counters| counters.announce(n));
            let stores = stores(worker.counters.len(), &self.empty, n / self.plan.thinning);
            // Of a thread that has ended, its last message says why.
            let _ = worker.requests.as_ref().map(|to| to.send(Request { transitions: n, stores }));
        }
        let warmed = self.info.chains.is_empty().then(|| self.collect()).transpose()?;
        if let Some(stretches) = warmed {
            self.info.chains = stretches.iter().map(warmup_cost).collect();
            self.warmup = self.plan.collect_warmup.then(|| stretches.into_iter().map(|s| s.draws).collect());
        }
        let stretches = self.collect()?;
        for (info, stretch) in self.info.chains.iter_mut().zip(&stretches) {
            info.sampling += stretch.time;
            info.sampling_gradients += stretch.gradients;
        }
        self.info.wall += start.elapsed();
        self.info.interrupted = self.plan.monitor.is_stopped();
        self.posterior(stretches.into_iter().map(|s| s.draws).collect())
    }

    /// What the chains have cost so far.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The next stretch of every chain, or the first failure.
    fn collect(&mut self) -> Result<Vec<Stretch>, Error> {
        let mut stretches = Vec::with_capacity(self.workers.len());
        let mut failed = None;
        let mut chain = 0;
        for worker in &self.workers {
            let made = worker.stretches.recv().unwrap_or(Err(Error::Ended { chain }));
            chain += worker.counters.len();
            match made {
                Ok(made) => stretches.extend(made),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(stretches), Err)
    }

    fn posterior(&mut self, draws: Vec<ChainDraws>) -> Result<Posterior, Error> {
        let length = most_draws(draws.iter().map(ChainDraws::num_draws));
        if length == 0 && self.info.interrupted {
            return Err(Error::Interrupted);
        }
        let whole = draws.iter().filter(|chain| chain.num_draws() >= length).count();
        let mut posterior = self.empty.clone();
        let mut warmup = self.warmup.take().map(|chains| (self.empty.clone(), chains.into_iter()));
        for mut chain in draws {
            let warmed = warmup.as_mut().map(|(to, chains)| (to, chains.next()));
            if chain.num_draws() < length {
                continue;
            }
            chain.truncate(length);
            if posterior.num_chains() == 0 {
                chain.reserve((whole - 1).saturating_mul(length));
            }
            posterior.push_chain(chain)?;
            if let Some((to, Some(warmed))) = warmed {
                to.push_chain(warmed)?;
            }
        }
        Ok(match warmup {
            Some((warmup, _)) => posterior.with_warmup(warmup),
            None => posterior,
        })
    }
}

impl Drop for Chains {
    fn drop(&mut self) {
        self.plan.abandoned.store(true, Ordering::Relaxed);
        for worker in &mut self.workers {
            worker.requests = None;
        }
        for worker in &mut self.workers {
            // A thread that panicked has said so on its own; there is nobody left to tell.
            let _ = worker.thread.take().map(JoinHandle::join);
        }
    }
}

fn warmup_cost(stretch: &Stretch) -> ChainInfo {
    ChainInfo { warmup: stretch.time, warmup_gradients: stretch.gradients, ..ChainInfo::default() }
}

/// The length to cut chains of these lengths to, the shorter ones dropped, so that most draws are left.
fn most_draws(lengths: impl Iterator<Item = usize>) -> usize {
    let mut lengths: Vec<usize> = lengths.collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let all = lengths.iter().enumerate().map(|(i, length)| ((i + 1) * length, *length));
    // Of equals the last one: more chains tell more than longer ones.
    all.max_by_key(|(total, _)| *total).map_or(0, |(_, length)| length)
}

/// What a thread is given: the number of its first chain, and counters and stores for each.
struct ChainThread {
    plan: Arc<Plan>,
    chain: usize,
    counters: Vec<Arc<Counters>>,
    permits: Arc<Permits>,
    /// Where warm-up is kept.
    warmup: Vec<ChainDraws>,
}

impl ChainThread {
    fn run(self, requests: &Receiver<Request>, stretches: &Sender<Result<Vec<Stretch>, Error>>) {
        let send = |stretch: Result<Vec<Stretch>, Error>| {
            if stretch.is_err() {
                self.plan.abandoned.store(true, Ordering::Relaxed);
            }
            stretches.send(stretch).is_ok()
        };
        let warmed = {
            let _permit = self.permits.take();
            warm_up(&self.plan, self.chain, &self.counters, self.warmup)
        };
        let mut live = match warmed {
            Ok((live, stretch)) => {
                if !send(Ok(stretch)) {
                    return;
                }
                live
            }
            Err(error) => {
                send(Err(error));
                return;
            }
        };
        while let Ok(Request { transitions, stores }) = requests.recv() {
            let stretch = {
                let _permit = self.permits.take();
                live.draw(transitions, stores)
            };
            let failed = stretch.is_err();
            if !send(stretch) || failed {
                return;
            }
        }
    }
}

/// How many chains may run at once.
struct Permits {
    free: Mutex<usize>,
    returned: Condvar,
}

struct Permit<'a>(&'a Permits);

impl Permits {
    fn new(n: usize) -> Permits {
        Permits { free: Mutex::new(n), returned: Condvar::new() }
    }

    fn take(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.returned.wait_while(free, |n| *n == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::most_draws;

    #[test]
    fn interrupted_chains_are_cut_where_most_draws_are_left() {
        let cut = |lengths: &[usize]| most_draws(lengths.iter().copied());
        assert_eq!(cut(&[1000, 998, 997, 999]), 997);
        assert_eq!(cut(&[1000, 1000, 3, 0]), 1000);
        assert_eq!(cut(&[1000, 500]), 500);
        assert_eq!(cut(&[0, 0]), 0);
        assert_eq!(cut(&[]), 0);
    }
}
