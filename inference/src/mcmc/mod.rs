//! Markov chain Monte Carlo: chains on threads of their own, from a model or a bound program to a posterior.

mod chain;
mod chains;
mod engine;
mod error;
mod host_driven;
mod in_graph;
mod info;
mod monitor;
mod stats;

use std::{sync::atomic::AtomicBool, thread};

use pyroxene_frontend::{Array, Bound, IntoModel, Model, Program, Spec, Tensor, Tree};
use pyroxene_ir::{SiteKind, Ty};
use pyroxene_runtime::{CPU, default_backend_beside, options::Options};

use self::chain::Plan;
pub(crate) use self::stats::{OF_BOTH, STATS};
pub use self::{
    chains::Chains,
    engine::{ChainMethod, Engine},
    error::Error,
    info::{ChainInfo, RunInfo},
    monitor::{ChainProgress, Monitor},
};
use self::{engine::Choice, stats::stats};
use crate::{
    init::InitStrategy,
    kernels::Kernel,
    results::{Posterior, SiteSpec, StatSpec},
    sampler::Generator,
    sites,
};

/// The most transitions of a stage: schedules multiply by small numbers, and statistics count in doubles.
const MOST: usize = 1 << 53;

/// Markov chain Monte Carlo (NumPyro's `MCMC`): a kernel, a model, and how long to run.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// use pyroxene_inference::{Mcmc, Nuts};
///
/// #[derive(Tree, Clone)]
/// struct Schools<L: Leaf = Tensor> { sigma: L, y: Option<L> }
///
/// fn eight_schools(d: &Schools) {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     let tau = sample("tau", HalfCauchy::new(5.0));
///     plate("school", d.sigma.dim(0), |_| {
///         let theta = sample("theta", Normal::new(mu, tau));
///         sample("y", Normal::new(theta, d.sigma).obs(d.y));
///     });
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let data = Schools {
///     sigma: Array::from([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
///     y: Some(Array::from([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])),
/// };
/// let mcmc = Mcmc::new(Nuts::default(), eight_schools).chains(2).warmup(200).draws(200);
/// let posterior = mcmc.run(&data)?;
/// assert_eq!(posterior.site("theta")?.shape(), [2, 200, 8]);
/// println!("{}", posterior.summary());
/// # Ok(()) }
/// ```
///
/// The model is a function of its data, or a `&Model`, so that several runs share one recording. Chains run on
/// threads, as many at once as there are cores; each has its own random numbers, derived from the seed and the
/// chain's number, so that a seed gives the same draws whatever the number of threads.
#[derive(Clone)]
pub struct Mcmc<M = ()> {
    kernel: Kernel,
    engine: Option<Engine>,
    chain_method: Option<ChainMethod>,
    generator: Generator,
    init_strategy: InitStrategy,
    model: M,
    chains: usize,
    warmup: usize,
    draws: usize,
    thinning: usize,
    collect_warmup: bool,
    seed: u64,
    threads: Option<usize>,
    drop_constants: bool,
    monitor: Monitor,
}

impl<D> Mcmc<Model<D>> {
    /// A run of a kernel, [`Nuts`](crate::Nuts) or [`Hmc`](crate::Hmc), on `model`: 4 chains of 1000 warm-up transitions and
    /// 1000 draws, from seed 0.
    pub fn new(kernel: impl Into<Kernel>, model: impl IntoModel<D>) -> Mcmc<Model<D>> {
        Mcmc::with_model(kernel.into(), model.into_model())
    }

    /// Binds `data` and runs the chains.
    ///
    /// # Errors
    /// When the model is wrong or the data do not fit it, and as [`Mcmc::run_bound`].
    pub fn run(&self, data: &<D as Tree<Tensor>>::With<Array>) -> Result<Posterior, Error>
    where
        D: Tree<Tensor>,
        <D as Tree<Tensor>>::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
        D::With<Spec>: Tree<Spec, With<Tensor> = D>,
    {
        let program = self.model.trace(data)?;
        // What cannot be lowered is refused below too, in its turn.
        let (backend, _) = default_backend_beside(|| self.lower(&program));
        self.run_bound(&program.bind(data, &backend.map_err(pyroxene_frontend::Error::from)?)?)
    }
}

impl Mcmc {
    /// A run without a model, for [`Mcmc::run_bound`]; settings as [`Mcmc::new`].
    pub fn from_kernel(kernel: impl Into<Kernel>) -> Mcmc {
        Mcmc::with_model(kernel.into(), ())
    }
}

impl<M> Mcmc<M> {
    fn with_model(kernel: Kernel, model: M) -> Mcmc<M> {
        Mcmc {
            kernel,
            engine: None,
            chain_method: None,
            generator: Generator::default(),
            init_strategy: InitStrategy::default(),
            model,
            chains: 4,
            warmup: 1000,
            draws: 1000,
            thinning: 1,
            collect_warmup: false,
            seed: 0,
            threads: None,
            drop_constants: false,
            monitor: Monitor::new(),
        }
    }

    /// Who makes the transitions. Default: the one that can do what is asked, see [`Engine`].
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Mcmc<M> {
        self.engine = Some(engine);
        self
    }

    /// How chains share the device (`chain_method`). Default: on CPUs each on a thread of its own, on accelerators all in
    /// one program.
    #[must_use]
    pub fn chain_method(mut self, method: ChainMethod) -> Mcmc<M> {
        self.chain_method = Some(method);
        self
    }

    /// Where the in-graph engine's random numbers come from. Default [`Generator::Squares`].
    #[must_use]
    pub fn generator(mut self, generator: Generator) -> Mcmc<M> {
        self.generator = generator;
        self
    }

    /// The number of chains (NumPyro's `num_chains`). Default 4: with fewer, R-hat says little.
    #[must_use]
    pub fn chains(mut self, n: usize) -> Mcmc<M> {
        self.chains = n;
        self
    }

    /// The number of transitions of each chain that adapt the sampler and are thrown away (`num_warmup`). Default 1000.
    #[must_use]
    pub fn warmup(mut self, n: usize) -> Mcmc<M> {
        self.warmup = n;
        self
    }

    /// The number of transitions of each chain after warm-up (`num_samples`), of which every [`thinning`](Mcmc::thinning)-th
    /// is a draw that is kept. Default 1000.
    #[must_use]
    pub fn draws(mut self, n: usize) -> Mcmc<M> {
        self.draws = n;
        self
    }

    /// Keeps every `n`-th transition, to save memory (`thinning`): 1000 transitions thinned by 2 are 500 draws.
    /// Default 1.
    #[must_use]
    pub fn thinning(mut self, n: usize) -> Mcmc<M> {
        self.thinning = n;
        self
    }

    /// Whether the adapting transitions are kept too, for [`Posterior::warmup`] (`collect_warmup`). Default false.
    #[must_use]
    pub fn collect_warmup(mut self, collect: bool) -> Mcmc<M> {
        self.collect_warmup = collect;
        self
    }

    /// Where chains start (`init_strategy`). Default uniform on unconstrained space.
    #[must_use]
    pub fn init_strategy(mut self, strategy: InitStrategy) -> Mcmc<M> {
        self.init_strategy = strategy;
        self
    }

    /// Lets `monitor` watch the run, and stop it.
    #[must_use]
    pub fn monitor(mut self, monitor: &Monitor) -> Mcmc<M> {
        self.monitor = monitor.clone();
        self
    }

    /// The seed of all random numbers. Default 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Mcmc<M> {
        self.seed = seed;
        self
    }

    /// How many chains run at once, at most. Default: the number of cores.
    #[must_use]
    pub fn threads(mut self, n: usize) -> Mcmc<M> {
        self.threads = Some(n);
        self
    }

    /// Whether terms of the log density that no latent value changes are left out ([`Bound::drop_constants`]). The draws'
    /// distribution stays as it is; the statistic `lp` loses a number, the same one at every draw. Default false.
    #[must_use]
    pub fn drop_constants(mut self, drop: bool) -> Mcmc<M> {
        self.drop_constants = drop;
        self
    }

    /// Records and lowers what a run on `program` compiles, which takes no device: beside the opening of one, it costs no
    /// time. The program keeps it for the run. [`Mcmc::run`] does this by itself.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// use pyroxene_inference::{Mcmc, Nuts};
    /// use pyroxene_runtime::default_backend_beside;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|_: &()| { sample("x", Normal::new(0.0, 1.0)); });
    /// let mcmc = Mcmc::from_kernel(Nuts::default()).chains(2).warmup(100).draws(100);
    /// let program = model.trace(&())?;
    /// let (backend, lowered) = default_backend_beside(|| mcmc.lower(&program));
    /// lowered?;
    /// let posterior = mcmc.run_bound(&program.bind(&(), &backend?)?)?;
    /// assert_eq!(posterior.num_draws(), 100);
    /// # Ok(()) }
    /// ```
    ///
    /// Where the device turns out to be of another kind than the environment says, or sites of the program are to be given
    /// values, the run lowers for itself.
    ///
    /// # Errors
    /// When a setting is out of range, or the program has no potential: [`Mcmc::run_bound`] says so too.
    pub fn lower(&self, program: &Program) -> Result<(), Error> {
        self.validate()?;
        let options = Options::of_process().map_err(pyroxene_runtime::Error::from);
        let options = options.map_err(pyroxene_frontend::Error::from)?;
        if program.layout().is_empty() || !program.given_sites().is_empty() {
            return Ok(());
        }
        let dropped = self.drop_constants.then(|| program.drop_constants());
        self.choice(options.platform() == CPU).lower(dropped.as_ref().unwrap_or(program))
    }

    /// Runs the chains on a program that has its data.
    ///
    /// # Errors
    /// When a setting is out of range; when there is nothing to sample, or a latent site is discrete; when a chain
    /// finds no initial position with a finite log density and gradient, naming the sites to blame; when the device
    /// fails.
    pub fn run_bound(&self, bound: &Bound) -> Result<Posterior, Error> {
        self.run_with_info(bound).map(|(posterior, _)| posterior)
    }

    /// As [`Mcmc::run_bound`], with what the run cost.
    ///
    /// # Errors
    /// As [`Mcmc::run_bound`].
    pub fn run_with_info(&self, bound: &Bound) -> Result<(Posterior, RunInfo), Error> {
        let mut chains = self.start(bound)?;
        let posterior = chains.draw(self.draws)?;
        Ok((posterior, chains.info().clone()))
    }

    /// Starts the chains, which then make as many draws as they are asked for, as often as they are asked. They warm up
    /// while this returns; what goes wrong then is told with the first draws.
    ///
    /// # Errors
    /// When a setting is out of range; when there is nothing to sample, or a latent site is discrete; when the program
    /// does not compile.
    pub fn start(&self, bound: &Bound) -> Result<Chains, Error> {
        self.validate()?;
        let dropped = self.drop_constants.then(|| bound.drop_constants());
        let bound = dropped.as_ref().unwrap_or(bound);
        latent(bound)?;
        let sites = sites::specs(bound);
        self.room(&sites)?;
        let numbers = sites.iter().fold(0, |n: usize, s| n.saturating_add(s.size()));
        let choice = self.choice(bound.backend().platform().is_cpu());
        let stats = stats(choice.engine()?, matches!(self.kernel, Kernel::Nuts(_)));
        let specs: Vec<StatSpec> = stats.iter().map(|s| StatSpec::new(s.name, s.kind)).collect();
        let plan = Plan {
            bound: bound.clone(),
            sampler: choice.sampler(bound, numbers)?,
            stats,
            starts: self.init_strategy.of(bound)?,
            warmup: self.warmup,
            thinning: self.thinning,
            collect_warmup: self.collect_warmup,
            seed: self.seed,
            sizes: sites.iter().map(SiteSpec::size).collect(),
            monitor: self.monitor.clone(),
            abandoned: AtomicBool::new(false),
        };
        let [observed, constant] = sites::data(bound)?;
        let empty = Posterior::new(sites, specs)?;
        let empty = empty.with_data(observed, constant);
        Chains::start(plan, self.chains, choice.together()?, self.workers(), empty)
    }

    fn choice(&self, on_cpu: bool) -> Choice {
        Choice {
            kernel: self.kernel,
            engine: self.engine,
            chain_method: self.chain_method,
            on_cpu,
            generator: self.generator,
            chains: self.chains,
            warmup: self.warmup,
            sampling: self.draws.saturating_mul(self.thinning),
        }
    }

    fn workers(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(cores).min(self.chains)
    }

    fn validate(&self) -> Result<(), Error> {
        let counts = [
            ("chains", Some(self.chains)),
            ("draws", Some(self.draws)),
            ("thinning", Some(self.thinning)),
            ("threads", self.threads),
        ];
        if let Some((setting, _)) = counts.into_iter().find(|(_, n)| *n == Some(0)) {
            return Err(Error::Setting { setting, found: "0".into(), expected: "at least 1" });
        }
        let most = [("warmup", self.warmup), ("draws", self.draws)].into_iter().find(|(_, n)| *n > MOST);
        if let Some((setting, n)) = most {
            return Err(Error::Setting { setting, found: n.to_string(), expected: "at most 2^53" });
        }
        if let InitStrategy::Uniform { radius } = self.init_strategy
            && !(radius > 0.0 && radius.is_finite())
        {
            let found = radius.to_string();
            return Err(Error::Setting { setting: "radius", found, expected: "a positive, finite number" });
        }
        if self.thinning > self.draws {
            let found = self.thinning.to_string();
            return Err(Error::Setting {
                setting: "thinning",
                found,
                expected: "at most the number of draws",
            });
        }
        self.kernel.validate()
    }

    /// Refuses runs whose draws no machine can hold, before they begin.
    fn room(&self, sites: &[SiteSpec]) -> Result<(), Error> {
        let numbers = sites.iter().fold(STATS.len(), |n, s| n.saturating_add(s.size()));
        let kept = self.draws / self.thinning + if self.collect_warmup { self.warmup } else { 0 };
        let all = [self.chains, kept, numbers, size_of::<f64>()];
        if all.iter().fold(1, |n: usize, k| n.saturating_mul(*k)) <= Ty::MAX_BYTES {
            return Ok(());
        }
        let found = format!("{} in {} chains, of {numbers} numbers each", self.draws, self.chains);
        Err(Error::Setting { setting: "draws", found, expected: "at most 2^40 bytes in all" })
    }
}

/// Refuses a program without latent elements. One with discrete sites is left to the passes, which name them.
fn latent(bound: &Bound) -> Result<(), Error> {
    let discrete =
        |output: &pyroxene_ir::passes::QueryOutput| output.is_sample && !output.ty.dtype.is_float();
    if bound.dimension() > 0 || bound.outputs().iter().any(discrete) {
        return Ok(());
    }
    let graph = bound.program().graph();
    let sites = graph.sites().filter(|(_, site)| matches!(site.kind, SiteKind::Sample(_)));
    let sites: Vec<String> = sites.map(|(v, site)| format!("`{}` {}", site.name, graph.ty(v))).collect();
    let sites = if sites.is_empty() { "no sample sites".into() } else { sites.join(", ") };
    Err(Error::NothingToSample { sites })
}
