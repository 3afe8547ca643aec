//! Chains of the in-graph engine: blocks of transitions come in, draws of sites go out.

use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use nuts_rs::rand::RngExt;
use pyroxene_frontend::Bound;

use super::{
    chain::{Chain, Plan, Stretch, WarmedUp},
    error::Error,
    monitor::Counters,
};
use crate::{
    host::chain_rng,
    init::{Search, init_error},
    potential::{ManyConstrained, Potential},
    results::ChainDraws,
    sampler::{Block, Compiled, Group, Length, Made, STATS, Settings, Watcher},
};

/// What the chains of a run share.
pub(super) struct InGraph {
    pub(super) compiled: Arc<Compiled>,
    pub(super) settings: Settings,
    /// How many draws get the values of their sites at once.
    rows: usize,
}

/// Arrays of about so many numbers are filled at once.
const NUMBERS: usize = 1 << 16;
/// As many where one dispatch makes the transitions of many chains.
const NUMBERS_TOGETHER: usize = 1 << 20;
/// The most transitions kept in a dispatch, and draws whose values are computed in one.
const MOST_ROWS: usize = 1024;

/// As many rows of this width as make so many numbers.
fn rows(numbers: usize, width: usize) -> usize {
    (numbers / width.max(1)).clamp(1, MOST_ROWS)
}

/// The rows of a block for `lanes` chains in one run, or a single one.
pub(super) fn block_rows(dimension: usize, lanes: Option<usize>) -> usize {
    let (most, lanes_or_one) = lanes.map_or((NUMBERS, 1), |lanes| (NUMBERS_TOGETHER, lanes));
    rows(most, lanes_or_one.saturating_mul(2 * dimension + STATS)) + 1
}

impl InGraph {
    /// Compiles what a run needs; `numbers` is the number of scalars of a draw.
    pub(super) fn new(
        bound: &Bound,
        block: impl FnOnce(usize, usize) -> Block,
        lanes: Option<usize>,
        settings: Settings,
        run: Length,
        numbers: usize,
    ) -> Result<InGraph, Error> {
        let dimension = bound.dimension();
        let block = block(dimension, block_rows(dimension, lanes));
        let rows = rows(NUMBERS, numbers + dimension);
        let (constrained, compiled) = std::thread::scope(|scope| {
            // What is compiled stays with the program.
            let constrained = scope.spawn(|| ManyConstrained::new(bound, rows).map(drop));
            let compiled = Compiled::new(bound, block, lanes, run);
            (constrained.join(), compiled)
        });
        if let Ok(constrained) = constrained {
            constrained?;
        }
        Ok(InGraph { compiled: Arc::new(compiled?), settings, rows })
    }
}

/// The chains of one launch.
pub(super) struct InGraphChains {
    plan: Arc<Plan>,
    chains: Range<usize>,
    counters: Vec<Arc<Counters>>,
    group: Group,
    constrained: ManyConstrained,
    /// The evaluations told of so far.
    told: Vec<u64>,
}

impl InGraphChains {
    /// Finds initial positions and adapts the chains.
    pub(super) fn warm_up(
        plan: &Arc<Plan>,
        graph: &Arc<InGraph>,
        first: usize,
        counters: &[Arc<Counters>],
        stores: Vec<ChainDraws>,
    ) -> Result<WarmedUp, Error> {
        let start = Instant::now();
        let chains = first..first + stores.len();
        let mut rngs: Vec<_> = chains.clone().map(|chain| chain_rng(plan.seed, chain as u64)).collect();
        let mut group = Group::new(&graph.compiled, graph.settings, rngs.len())?;
        find_starts(plan, &mut group, &chains, &mut rngs)?;
        for (lane, rng) in rngs.iter_mut().enumerate() {
            group.seed(lane, rng.random());
        }
        let mut live = InGraphChains {
            plan: plan.clone(),
            told: vec![0; chains.len()],
            chains,
            counters: counters.to_vec(),
            group,
            constrained: ManyConstrained::new(&plan.bound, graph.rows)?,
        };
        let keep = plan.collect_warmup;
        let stretches = live.watched(start, stores, keep, |group, watcher| group.warm_up(keep, watcher))?;
        Ok((Box::new(live), stretches))
    }

    /// Has the group make transitions, and collects what it keeps.
    fn watched(
        &mut self,
        start: Instant,
        stores: Vec<ChainDraws>,
        keep: bool,
        make: impl FnOnce(&mut Group, &mut Collector<'_>) -> Result<(), Error>,
    ) -> Result<Vec<Stretch>, Error> {
        let divergences = (0..stores.len()).map(|lane| self.group.divergences(lane)).collect();
        let mut collector = Collector {
            plan: &self.plan,
            constrained: &mut self.constrained,
            counters: &self.counters,
            divergences,
            keep,
            stores,
            taken: Vec::new(),
        };
        make(&mut self.group, &mut collector).map_err(|error| match error {
            Error::Program(pyroxene_frontend::Error::Runtime(source)) => {
                Error::Device { chain: self.chains.start, source }
            }
            other => other,
        })?;
        let stores = collector.finished()?;
        let time = start.elapsed();
        let stretch = |(lane, draws): (usize, ChainDraws)| {
            let gradients = self.group.leapfrogs(lane);
            let since = std::mem::replace(&mut self.told[lane], gradients);
            Stretch { draws, time, gradients: gradients - since }
        };
        Ok(stores.into_iter().enumerate().map(stretch).collect())
    }
}

/// Finds positions for all chains of a group, whose evaluations share runs.
fn find_starts(
    plan: &Plan,
    group: &mut Group,
    chains: &Range<usize>,
    rngs: &mut [nuts_rs::rand::rngs::ChaCha8Rng],
) -> Result<(), Error> {
    let of_device = |source| Error::Device { chain: chains.start, source };
    let mut searches = vec![Search::new(plan.bound.dimension()); rngs.len()];
    loop {
        let mut proposed = Vec::new();
        let going = searches.iter_mut().zip(&mut *rngs).enumerate();
        for (lane, (search, rng)) in going.filter(|(_, (search, _))| !search.is_over()) {
            proposed.push((lane, search.propose(&plan.starts, rng)?));
        }
        if proposed.is_empty() {
            break;
        }
        let found = group.log_densities(&proposed).map_err(of_device)?;
        let lanes: Vec<usize> = proposed.into_iter().map(|(lane, _)| lane).collect();
        for (lane, (log_density, gradient)) in lanes.into_iter().zip(found) {
            searches[lane].tell(log_density, &gradient);
        }
    }
    for (lane, search) in searches.into_iter().enumerate() {
        match search.finish() {
            Ok(start) => group.start_at(lane, &start),
            Err(mut last) => {
                // The sampler does not go where it is not finite, and does not tell what is there.
                let mut potential = Potential::new(&plan.bound)?;
                let log_density = potential.log_density(&last.position, &mut last.gradient);
                last.log_density = log_density.map_err(of_device)?;
                let error = init_error(&plan.bound, chains.start + lane, &last);
                return Err(Error::Initialization(Box::new(error)));
            }
        }
    }
    Ok(())
}

impl Chain for InGraphChains {
    fn draw(&mut self, n: usize, stores: Vec<ChainDraws>) -> Result<Vec<Stretch>, Error> {
        let thinning = self.plan.thinning;
        self.watched(Instant::now(), stores, true, |group, watcher| group.draw(n, thinning, watcher))
    }
}

/// Takes kept transitions to the chains' stores, and counts all.
struct Collector<'a> {
    plan: &'a Plan,
    constrained: &'a mut ManyConstrained,
    counters: &'a [Arc<Counters>],
    divergences: Vec<usize>,
    keep: bool,
    stores: Vec<ChainDraws>,
    /// Whose positions wait for their sites' values: lanes, and numbers of rows, in the order of these.
    taken: Vec<(usize, usize)>,
}

impl Watcher for Collector<'_> {
    type Error = Error;

    fn is_stopped(&self) -> bool {
        self.plan.abandoned.load(Ordering::Relaxed) || self.plan.monitor.is_stopped()
    }

    fn made(&mut self, group: &Group, made: &Made, adapting: bool) -> Result<(), Error> {
        for lane in 0..self.stores.len() {
            let divergences = group.divergences(lane);
            let new = divergences - std::mem::replace(&mut self.divergences[lane], divergences);
            let (step_size, leapfrogs) = (group.step_size(lane), group.leapfrogs(lane));
            self.counters[lane].count(adapting, made.transitions, new, step_size, leapfrogs);
            if self.keep && made.kept > 0 {
                let kept = group.kept(lane, made)?;
                self.take(lane, kept.positions, kept.positions.len() / made.kept)?;
                let places = self.plan.stats.iter().map(|stat| stat.column);
                self.stores[lane].extend_stats(kept.stats, STATS, places);
            }
        }
        Ok(())
    }
}

impl Collector<'_> {
    /// Takes positions to the rows whose sites' values are computed next, and computes them when these are full.
    fn take(&mut self, lane: usize, mut positions: &[f64], dimension: usize) -> Result<(), Error> {
        while !positions.is_empty() {
            let first = self.taken.iter().map(|(_, rows)| rows).sum();
            let rows = (positions.len() / dimension).min(self.constrained.rows() - first);
            let (now, later) = positions.split_at(rows * dimension);
            self.constrained.write(first, now)?;
            self.taken.push((lane, rows));
            positions = later;
            if first + rows == self.constrained.rows() {
                self.store()?;
            }
        }
        Ok(())
    }

    /// Computes the sites' values at the positions taken, whichever chains' they are, and stores them.
    fn store(&mut self) -> Result<(), Error> {
        self.constrained.run()?;
        let sites = self.constrained.values()?;
        let mut first = 0;
        for (lane, rows) in self.taken.drain(..) {
            let of_sites = sites.iter().zip(&self.plan.sizes);
            let values: Vec<&[f64]> =
                of_sites.map(|(site, size)| &site[first * size..(first + rows) * size]).collect();
            self.stores[lane].extend_sites(rows, &values)?;
            first += rows;
        }
        Ok(())
    }

    /// The stores, once everything is in them.
    fn finished(mut self) -> Result<Vec<ChainDraws>, Error> {
        if !self.taken.is_empty() {
            self.store()?;
        }
        Ok(self.stores)
    }
}
