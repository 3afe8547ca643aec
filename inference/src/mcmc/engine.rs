//! Which engine makes transitions, and what is compiled for it.

use std::sync::Arc;

use pyroxene_frontend::{Bound, Program};
use pyroxene_ir::passes::Query;

use super::{
    chain::Sampler,
    error::Error,
    in_graph::{InGraph, block_rows},
};
use crate::{
    kernels::{Kernel, Metric},
    sampler::{Block, Compiled, Generator, Learning, Length, Settings, Trajectories},
};

/// Who makes the transitions of a run: in the graph, unless something is asked for that only the other engine has. Both
/// have the same results and statistics, but for [`MAX_ENERGY_ERROR`](crate::stat::MAX_ENERGY_ERROR).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// use pyroxene_inference::{Engine, Mcmc, Nuts};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mcmc = Mcmc::new(Nuts::default(), |_: &()| { sample("x", Normal::new(0.0, 1.0)); }).warmup(200).draws(200);
/// let [one, other] = [Engine::InGraph, Engine::HostDriven].map(|engine| mcmc.clone().engine(engine).run(&()));
/// assert_eq!(one?.site("x")?.shape(), other?.site("x")?.shape());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Engine {
    /// The whole sampler as one compiled program: trajectories, random numbers and adaptation; a block of transitions a
    /// dispatch. Short runs of small models begin with a program that is compiled in haste, whose draws differ in their last
    /// digits from those of a longer run of the same seed.
    InGraph,
    /// `nuts-rs`, nutpie's sampler, on the host: one dispatch a leapfrog step. Independent of the other, and the one with
    /// [`Metric::LowRank`].
    HostDriven,
}

/// How a run's chains share a device (NumPyro's `chain_method`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ChainMethod {
    /// Each on a thread of its own, as many at once as there are cores. What CPUs do where nothing is asked.
    Parallel,
    /// All in one program, step by step together, each waiting for the longest trajectory: for many chains, and what
    /// accelerators do where nothing is asked, since one chain's step is too little for them. On the in-graph engine.
    Vectorized,
}

/// What a run is to be made of.
pub(super) struct Choice {
    pub(super) kernel: Kernel,
    pub(super) engine: Option<Engine>,
    pub(super) chain_method: Option<ChainMethod>,
    /// Whether the device is the host's own cores.
    pub(super) on_cpu: bool,
    pub(super) generator: Generator,
    pub(super) chains: usize,
    pub(super) warmup: usize,
    /// The transitions after warm-up of each chain.
    pub(super) sampling: usize,
}

impl Choice {
    /// The engine asked for, or the one that can do what is asked.
    pub(super) fn engine(&self) -> Result<Engine, Error> {
        let in_graph_only = match self.kernel {
            Kernel::Hmc(_) => Some("kernel `Hmc`"),
            _ if self.kernel.metric() == Metric::Dense => Some("`Metric::Dense`"),
            _ if self.chain_method == Some(ChainMethod::Vectorized) => Some("`ChainMethod::Vectorized`"),
            _ => None,
        };
        let host_only = (self.kernel.metric() == Metric::LowRank).then_some("`Metric::LowRank`");
        let refuse = |of: &str, engine: &str, expected| {
            let found = format!("{engine}, which has no {of}");
            Err(Error::Setting { setting: "engine", found, expected })
        };
        match (self.engine, in_graph_only, host_only) {
            (Some(Engine::HostDriven), Some(of), _) => {
                refuse(of, "`Engine::HostDriven`", "`Engine::InGraph`, or none, for it to be chosen")
            }
            (Some(Engine::InGraph), _, Some(of)) => {
                refuse(of, "`Engine::InGraph`", "`Engine::HostDriven`, or none, for it to be chosen")
            }
            (_, Some(also), Some(of)) => {
                refuse(&format!("{of} together with {also}"), "none", "one of the two")
            }
            (Some(engine), ..) => Ok(engine),
            (None, _, None) => Ok(Engine::InGraph),
            (None, None, Some(_)) => Ok(Engine::HostDriven),
        }
    }

    /// Compiles for a program; `numbers` is the number of scalars of a draw.
    pub(super) fn sampler(&self, bound: &Bound, numbers: usize) -> Result<Sampler, Error> {
        match (self.engine()?, self.kernel) {
            (Engine::HostDriven, Kernel::Nuts(nuts)) => {
                for query in [Query::PotentialAndGradient, Query::Constrain] {
                    bound.program().compile(query, bound.backend())?;
                }
                Ok(Sampler::HostDriven(nuts))
            }
            _ => {
                let lanes = self.lanes()?;
                let block = |dimension, rows| self.block(dimension, rows);
                let transitions = self.warmup.saturating_add(self.sampling);
                let run = Length { chains: self.chains, transitions };
                let graph = InGraph::new(bound, block, lanes, self.settings(), run, numbers)?;
                Ok(Sampler::InGraph(Arc::new(graph)))
            }
        }
    }

    /// Does what of [`Choice::sampler`] takes no device and some time, for a program that takes no values of sites.
    pub(super) fn lower(&self, program: &Program) -> Result<(), Error> {
        if self.engine()? == Engine::HostDriven {
            return Ok(());
        }
        let dimension = program.dimension();
        let lanes = self.lanes()?;
        Ok(Compiled::lower(program, self.block(dimension, block_rows(dimension, lanes)), lanes)?)
    }

    /// The chains that one program makes in a run, if there is a dimension for them.
    fn lanes(&self) -> Result<Option<usize>, Error> {
        Ok(self.is_vectorized()?.then_some(self.chains))
    }

    /// How many chains a thread takes.
    pub(super) fn together(&self) -> Result<usize, Error> {
        Ok(if self.is_vectorized()? { self.chains } else { 1 })
    }

    fn is_vectorized(&self) -> Result<bool, Error> {
        let usual = || Ok(!self.on_cpu && self.chains > 1 && self.engine()? == Engine::InGraph);
        self.chain_method.map_or_else(usual, |method| Ok(method == ChainMethod::Vectorized))
    }

    fn block(&self, dimension: usize, rows: usize) -> Block {
        let kernel = match self.kernel {
            Kernel::Nuts(nuts) => Trajectories::Turning { max_depth: nuts.max_tree_depth as usize },
            Kernel::Hmc(_) => Trajectories::Fixed,
        };
        Block { dimension, kernel, form: self.learning().form(), generator: self.generator, rows }
    }

    fn learning(&self) -> Learning {
        match self.kernel.metric() {
            Metric::Auto => Learning::Auto,
            Metric::Diagonal => Learning::Variances,
            Metric::Dense => Learning::Covariances,
            Metric::Fisher | Metric::LowRank => Learning::Fisher,
        }
    }

    fn settings(&self) -> Settings {
        let (step_size, adapts_step_size, target_accept, trajectory_length) = match self.kernel {
            Kernel::Nuts(n) => (n.step_size, n.adapt_step_size, n.target_accept_prob, 1.0),
            Kernel::Hmc(h) => (h.step_size, h.adapt_step_size, h.target_accept_prob, h.trajectory_length),
        };
        let (warmup, learning) = (self.warmup, self.learning());
        Settings { step_size, adapts_step_size, target_accept, trajectory_length, warmup, learning }
    }
}
