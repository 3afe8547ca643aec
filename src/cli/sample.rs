//! `pyroxene sample`: a model's posterior by NUTS, with the cost of every stage, as a table and as a file.

use std::{io::Write, path::PathBuf};

use super::{compile::milliseconds, error::Failure, model::ModelArgs, output::table};
use crate::{
    Bound, Mcmc, Nuts,
    gallery::Entry,
    inference::{RunInfo, check_writable},
    runtime::{Platform, default_backend},
};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// How many chains to run
    #[arg(long, default_value_t = 4)]
    chains: usize,
    /// How many transitions of each chain adapt the sampler and are thrown away
    #[arg(long, default_value_t = 1000)]
    warmup: usize,
    /// How many draws to keep from each chain
    #[arg(long, default_value_t = 1000)]
    draws: usize,
    /// The seed of all random numbers: the same seed gives the same draws
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Write the draws to this file, as ArviZ's dictionary in JSON
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    args.out.as_deref().map_or(Ok(()), check_writable).map_err(Failure::Out)?;
    let (entry, problem) = args.model.problem(models)?;
    let program = problem.trace()?;
    let backend = default_backend()?;
    let bound = problem.bind(&program, &backend)?;
    let mcmc = Mcmc::from_kernel(Nuts::default());
    let mcmc = mcmc.chains(args.chains).warmup(args.warmup).draws(args.draws).seed(args.seed);
    let (posterior, info) = mcmc.run_with_info(&bound)?;
    table(out, &costs(args, entry, &bound, backend.platform(), &info))?;
    writeln!(out, "\n{}", posterior.summary().to_string().trim_end())?;
    if let Some(path) = &args.out {
        posterior.save_arviz_json(path)?;
        writeln!(out, "\nwritten to {}", path.display())?;
    }
    Ok(())
}

fn costs(args: &Args, entry: &Entry, bound: &Bound, platform: &Platform, info: &RunInfo) -> Vec<Vec<String>> {
    let timings = bound.program().timings();
    let warmup: u64 = info.chains.iter().map(|c| c.warmup_gradients).sum();
    let leapfrogs = info.gradients();
    let seconds = info.wall.as_secs_f64();
    let rows = [
        ("device", platform.to_string()),
        ("model", format!("{}, {} unconstrained coordinates", entry.name, bound.dimension())),
        (
            "run",
            format!(
                "{} chains of {} warm-up transitions and {} draws on {} threads, seed {}",
                args.chains, args.warmup, args.draws, info.threads, args.seed
            ),
        ),
        ("trace", milliseconds(timings.trace)),
        ("passes", milliseconds(timings.passes)),
        ("lowering", milliseconds(timings.lower)),
        ("compile", milliseconds(timings.compile)),
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
