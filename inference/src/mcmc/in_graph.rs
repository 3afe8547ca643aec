//! Chains of the in-graph engine: blocks of transitions come in, draws of sites go out.

use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use nuts_rs::rand::RngExt;
use pyroxene_frontend::{Array, Bound};

use super::{
    chain::{Chain, Plan, Stretch, WarmedUp},
    error::Error,
    monitor::Counters,
};
use crate::{
    host::chain_rng,
    init::{Search, init_error},
    potential::Potential,
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
            // A draw of zeros is as good as any: what is compiled stays with the program.
            let constrain = scope.spawn(|| constrain(bound, rows, vec![0.0; rows * dimension]));
            let compiled = Compiled::new(bound, block, lanes, run);
            (constrain.join(), compiled)
        });
        if let Ok(constrained) = constrained {
            constrained?;
        }
        Ok(InGraph { compiled: Arc::new(compiled?), settings, rows })
    }
}

/// The sites' values at positions, which are as many as `rows`.
fn constrain(bound: &Bound, rows: usize, positions: Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
    let positions = Array::new([rows, bound.dimension()], positions);
    let positions = positions.map_err(pyroxene_runtime::Error::from)?;
    let values = bound.batched(rows).constrain(&positions)?;
    Ok(values.into_values().map(|x| x.to_f64_vec()).collect())
}

/// The chains of one launch.
pub(super) struct InGraphChains {
    plan: Arc<Plan>,
    graph: Arc<InGraph>,
    chains: Range<usize>,
    counters: Vec<Arc<Counters>>,
    group: Group,
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
            graph: graph.clone(),
            told: vec![0; chains.len()],
            chains,
            counters: counters.to_vec(),
            group,
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
        let pending = stores.iter().map(|_| Pending::default()).collect();
        let divergences = (0..stores.len()).map(|lane| self.group.divergences(lane)).collect();
        let mut collector = Collector {
            plan: &self.plan,
            rows: self.graph.rows,
            counters: &self.counters,
            divergences,
            keep,
            stores,
            pending,
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

/// Kept transitions whose sites' values are not computed yet, row by row.
#[derive(Default)]
struct Pending {
    positions: Vec<f64>,
    stats: Vec<f64>,
}

impl Pending {
    fn draws(&self) -> usize {
        self.stats.len() / STATS
    }
}

/// Takes kept transitions to the chains' stores, and counts all.
struct Collector<'a> {
    plan: &'a Plan,
    rows: usize,
    counters: &'a [Arc<Counters>],
    divergences: Vec<usize>,
    keep: bool,
    stores: Vec<ChainDraws>,
    pending: Vec<Pending>,
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
                self.pending[lane].positions.extend_from_slice(kept.positions);
                self.pending[lane].stats.extend_from_slice(kept.stats);
            }
        }
        while self.pending() >= self.rows {
            self.store()?;
        }
        Ok(())
    }
}

impl Collector<'_> {
    /// How many draws of all chains have no values yet.
    fn pending(&self) -> usize {
        self.pending.iter().map(Pending::draws).sum()
    }

    /// Computes the sites' values at as many pending draws as one run takes, whichever chains' they are, and stores them.
    fn store(&mut self) -> Result<(), Error> {
        let dimension = self.plan.bound.dimension();
        let mut positions = Vec::with_capacity(self.rows * dimension);
        let mut taken = Vec::with_capacity(self.pending.len());
        for pending in &mut self.pending {
            let draws = pending.draws().min(self.rows - positions.len() / dimension);
            positions.extend(pending.positions.drain(..draws * dimension));
            taken.push(draws);
        }
        positions.resize(self.rows * dimension, 0.0);
        let sites = constrain(&self.plan.bound, self.rows, positions)?;
        let mut first = 0;
        for (lane, draws) in taken.into_iter().enumerate().filter(|(_, draws)| *draws > 0) {
            let stats: Vec<f64> = self.pending[lane].stats.drain(..draws * STATS).collect();
            let column =
                |column: usize| stats.chunks_exact(STATS).map(|row| row[column]).collect::<Vec<f64>>();
            let columns: Vec<Vec<f64>> = self.plan.stats.iter().map(|stat| column(stat.column)).collect();
            let of_sites = sites.iter().zip(&self.plan.sizes);
            let values: Vec<&[f64]> =
                of_sites.map(|(site, size)| &site[first * size..(first + draws) * size]).collect();
            self.stores[lane].extend(draws, &values, &columns)?;
            first += draws;
        }
        Ok(())
    }

    /// The stores, once everything is in them.
    fn finished(mut self) -> Result<Vec<ChainDraws>, Error> {
        while self.pending() > 0 {
            self.store()?;
        }
        Ok(self.stores)
    }
}
