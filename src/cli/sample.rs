//! `pyroxene sample`: a model's posterior by NUTS, with the cost of every stage, as a table and as a file.

use std::{io::Write, path::PathBuf};

use clap::ValueEnum;

use super::{
    Style,
    compile::milliseconds,
    error::Failure,
    model::ModelArgs,
    output::{file_to_write, json, table},
    watch,
};
use crate::{
    Bound, Mcmc, Nuts, Posterior,
    gallery::Entry,
    inference::{ChainMethod, Engine, InitStrategy, Metric, Monitor, RunInfo},
    runtime::{Platform, default_backend_beside},
};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene sample eight_schools --draws 2000 --out schools.zarr\n  \
                        pyroxene sample wells --seed 7 --target-accept 0.95 --json")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// How many chains to run
    #[arg(long, default_value_t = 4)]
    chains: usize,
    /// How many transitions of each chain adapt the sampler and are thrown away
    #[arg(long, default_value_t = 1000)]
    warmup: usize,
    /// How many transitions each chain makes after that
    #[arg(long, default_value_t = 1000)]
    draws: usize,
    /// Keep every N-th of those transitions
    #[arg(long, default_value_t = 1, value_name = "N")]
    thinning: usize,
    /// Write the warm-up's transitions to the file too
    #[arg(long)]
    collect_warmup: bool,
    /// The seed of all random numbers: the same seed gives the same draws
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// How many chains run at once, at most; all cores unless given
    #[arg(long)]
    threads: Option<usize>,
    /// The mean acceptance probability to adapt the step size to: nearer to 1, divergences are rarer
    #[arg(long, default_value_t = 0.8, value_name = "P")]
    target_accept: f64,
    /// How often a trajectory may double its length
    #[arg(long, default_value_t = 10, value_name = "N")]
    max_tree_depth: u32,
    /// The form of the adapted mass matrix
    #[arg(long, value_enum, default_value_t = MetricArg::Auto)]
    metric: MetricArg,
    /// Who makes transitions; in-graph unless the metric is host-driven's
    #[arg(long, value_enum)]
    engine: Option<EngineArg>,
    /// How chains share the device; in parallel on CPUs and vectorized on accelerators unless given
    #[arg(long, value_enum)]
    chain_method: Option<ChainMethodArg>,
    /// Where chains start
    #[arg(long, value_enum, default_value_t = InitArg::Uniform)]
    init: InitArg,
    /// Write the draws to this file: .zarr or .json in ArviZ's groups, .parquet or .csv as a table
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum MetricArg {
    /// The first or the second of these, by what draws promise to cost
    Auto,
    /// A scale for each coordinate, from the draws' variances as in Stan
    Diagonal,
    /// A scale for each coordinate, from draws and their gradients as in nutpie
    Fisher,
    /// A dense matrix, from the draws' covariances
    Dense,
    /// With a correction of low rank, for strongly correlated posteriors
    LowRank,
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineArg {
    /// The whole sampler as one compiled program
    InGraph,
    /// nuts-rs on the host, one dispatch a leapfrog step
    HostDriven,
}

#[derive(Clone, Copy, ValueEnum)]
enum ChainMethodArg {
    /// Each on a thread of its own
    Parallel,
    /// All in one program, step by step together: for many chains
    Vectorized,
}

#[derive(Clone, Copy, ValueEnum)]
enum InitArg {
    /// Unconstrained coordinates uniform between -2 and 2
    Uniform,
    /// Unconstrained coordinates of zero
    Feasible,
    /// The median of 15 draws from each site's prior
    Median,
    /// The mean of each site's prior, the median where it has none
    Mean,
    /// A draw from the prior
    Sample,
}

pub(super) fn run(args: &Args, style: Style, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    let file = file_to_write(args.out.as_deref())?;
    let (entry, problem) = args.model.problem(models)?;
    let program = problem.trace()?;
    let monitor = Monitor::new();
    let mcmc = args.mcmc().monitor(&monitor);
    // What cannot be lowered is refused by the run too, in its turn.
    let (backend, _) = default_backend_beside(|| mcmc.lower(&program));
    let backend = backend?;
    let bound = problem.bind(&program, &backend)?;
    watch::stop_on_interrupt(watch::Running::Chains(monitor.clone()));
    let (posterior, info) = watch::watch(&monitor, style.quiet, || mcmc.run_with_info(&bound))?;
    if style.json {
        json(out, &report(args, entry, &bound, backend.platform(), &info, &posterior))?;
    } else {
        if !style.quiet {
            table(out, &costs(args, entry, &bound, backend.platform(), &info))?;
            writeln!(out)?;
        }
        writeln!(out, "{}", posterior.summary().to_string().trim_end())?;
    }
    if let Some((path, format)) = file {
        posterior.save(path, format)?;
        if !style.quiet && !style.json {
            writeln!(out, "\nwritten to {}", path.display())?;
        }
    }
    if info.interrupted {
        let (chains, draws) = (posterior.num_chains(), posterior.num_draws());
        return Err(Failure::Interrupted {
            chains,
            draws,
            asked: args.chains,
            of: args.draws / args.thinning,
        });
    }
    Ok(())
}

impl Args {
    fn mcmc(&self) -> Mcmc {
        let nuts = Nuts::default().target_accept_prob(self.target_accept).max_tree_depth(self.max_tree_depth);
        let nuts = nuts.metric(match self.metric {
            MetricArg::Auto => Metric::Auto,
            MetricArg::Diagonal => Metric::Diagonal,
            MetricArg::Fisher => Metric::Fisher,
            MetricArg::Dense => Metric::Dense,
            MetricArg::LowRank => Metric::LowRank,
        });
        let mcmc = Mcmc::from_kernel(nuts).chains(self.chains).warmup(self.warmup).draws(self.draws);
        let mcmc = mcmc.init_strategy(match self.init {
            InitArg::Uniform => InitStrategy::default(),
            InitArg::Feasible => InitStrategy::Feasible,
            InitArg::Median => InitStrategy::Median { num_samples: 15 },
            InitArg::Mean => InitStrategy::Mean,
            InitArg::Sample => InitStrategy::Sample,
        });
        let mcmc = mcmc.thinning(self.thinning).collect_warmup(self.collect_warmup).seed(self.seed);
        let mcmc = match self.engine {
            Some(EngineArg::InGraph) => mcmc.engine(Engine::InGraph),
            Some(EngineArg::HostDriven) => mcmc.engine(Engine::HostDriven),
            None => mcmc,
        };
        let mcmc = match self.chain_method {
            Some(ChainMethodArg::Parallel) => mcmc.chain_method(ChainMethod::Parallel),
            Some(ChainMethodArg::Vectorized) => mcmc.chain_method(ChainMethod::Vectorized),
            None => mcmc,
        };
        match self.threads {
            Some(threads) => mcmc.threads(threads),
            None => mcmc,
        }
    }
}

fn report(
    args: &Args,
    entry: &Entry,
    bound: &Bound,
    platform: &Platform,
    info: &RunInfo,
    posterior: &Posterior,
) -> serde_json::Value {
    let timings = bound.program().timings();
    let made = bound.backend().stats();
    serde_json::json!({
        "model": entry.name,
        "device": platform.to_string(),
        "coordinates": bound.dimension(),
        "chains": posterior.num_chains(),
        "draws": posterior.num_draws(),
        "seed": args.seed,
        "executables": {"compiled": made.compiles, "from_disk": made.disk_hits},
        "interrupted": info.interrupted,
        "threads": info.threads,
        "engine": engine(info),
        "seconds": {
            "trace": timings.trace.as_secs_f64(),
            "passes": timings.passes.as_secs_f64(),
            "lowering": timings.lower.as_secs_f64(),
            "compile": timings.compile.as_secs_f64(),
            "sampling": info.wall.as_secs_f64(),
        },
        "gradients": info.gradients(),
        "summary": posterior.summary(),
    })
}

/// The engine's name, as the option has it.
fn engine(info: &RunInfo) -> &'static str {
    match info.engine {
        Some(Engine::HostDriven) => "host-driven",
        _ => "in-graph",
    }
}

fn costs(args: &Args, entry: &Entry, bound: &Bound, platform: &Platform, info: &RunInfo) -> Vec<Vec<String>> {
    let timings = bound.program().timings();
    let made = bound.backend().stats();
    let warmup: u64 = info.chains.iter().map(|c| c.warmup_gradients).sum();
    let leapfrogs = info.gradients();
    let seconds = info.wall.as_secs_f64();
    let rows = [
        ("device", platform.to_string()),
        ("model", format!("{}, {} unconstrained coordinates", entry.name, bound.dimension())),
        (
            "run",
            format!(
                "{} chains of {} warm-up transitions and {} draws on {} threads, seed {}, {}",
                args.chains,
                args.warmup,
                args.draws,
                info.threads,
                args.seed,
                engine(info)
            ),
        ),
        ("trace", milliseconds(timings.trace)),
        ("passes", milliseconds(timings.passes)),
        ("lowering", milliseconds(timings.lower)),
        (
            "compile",
            format!(
                "{}, {} programs compiled, {} loaded from disk",
                milliseconds(timings.compile),
                made.compiles,
                made.disk_hits
            ),
        ),
        ("sampling", format!("{seconds:.3} s")),
        (
            "leapfrogs",
            format!(
                "{leapfrogs} ({warmup} in warm-up), {:.2} us each over all threads",
                seconds * 1e6 / leapfrogs.max(1) as f64
            ),
        ),
    ];
    rows.map(|(name, value)| vec![name.to_string(), value]).to_vec()
}
