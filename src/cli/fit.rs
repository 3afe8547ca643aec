//! `pyroxene fit`: a guide fitted to a model's posterior by variational inference, as a table and as a file of its draws.

use std::{io::Write, path::PathBuf, time::Instant};

use clap::ValueEnum;

use super::{
    Style,
    error::Failure,
    model::ModelArgs,
    output::{file_to_write, json, objects, table},
    predict::number,
    watch,
};
use crate::{
    Bound, Posterior,
    inference::{
        AutoDelta, AutoDiagonalNormal, AutoGuide, AutoLaplaceApproximation, AutoLowRankMultivariateNormal,
        AutoMultivariateNormal, AutoNormal, BoundSvi, SviError, SviMonitor, SviRunResult, TraceElbo,
        optim::Adam, posterior_of,
    },
    runtime::default_backend,
};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene fit kidiq --guide auto_normal --steps 5000\n  \
                        pyroxene fit wells --guide auto_multivariate_normal --out wells.zarr\n  \
                        pyroxene predict wells --posterior wells.zarr")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The family of distributions to fit
    #[arg(long, value_enum, default_value_t = GuideArg::AutoNormal)]
    guide: GuideArg,
    /// How many steps to make
    #[arg(long, default_value_t = 10_000)]
    steps: usize,
    /// The step size of the optimiser, Adam
    #[arg(long, default_value_t = 0.01, value_name = "X")]
    step_size: f64,
    /// How many draws of the guide each step averages over
    #[arg(long, default_value_t = 1, value_name = "N")]
    num_particles: usize,
    /// How many draws of the fitted guide to make for the table and the file
    #[arg(long, default_value_t = 1000, value_name = "N")]
    num_samples: usize,
    /// The seed of all random numbers: the same seed gives the same fit
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Write the draws to this file: .zarr or .json in ArviZ's groups, .parquet or .csv as a table
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The automatic guides under NumPyro's names.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
#[allow(clippy::enum_variant_names, reason = "they are the guides' names")]
enum GuideArg {
    /// One value for each site: the posterior's mode on the supports
    AutoDelta,
    /// A normal distribution for each site, independent of the others
    AutoNormal,
    /// A normal distribution for each unconstrained coordinate
    AutoDiagonalNormal,
    /// One normal distribution with all correlations
    AutoMultivariateNormal,
    /// One with correlations of low rank
    AutoLowRankMultivariateNormal,
    /// The normal distribution whose curvature is the posterior's at its mode
    AutoLaplaceApproximation,
}

pub(super) fn run(
    args: &Args,
    style: Style,
    models: &[crate::gallery::Entry],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let file = file_to_write(args.out.as_deref())?;
    args.validate()?;
    let (entry, problem) = args.model.problem(models)?;
    let bound = problem.bind(&problem.trace()?, &default_backend()?)?;
    let start = Instant::now();
    let (fit, posterior) = args.fit(&bound, style.quiet)?;
    let (steps, seconds) = (fit.losses.len(), start.elapsed().as_secs_f64());
    let rows = rows(&posterior);
    let guide = args.guide.to_possible_value().map(|v| v.get_name().to_string()).unwrap_or_default();
    let average = mean(&fit.losses[steps - steps.div_ceil(20)..]);
    if style.json {
        let (model, sites) = (entry.name, objects(&rows));
        let result = serde_json::json!({
            "model": model, "guide": guide, "steps": steps, "seed": args.seed, "seconds": seconds,
            "interrupted": fit.interrupted, "init_loss": fit.losses.first(), "avg_loss": average, "sites": sites,
        });
        json(out, &result)?;
    } else {
        if !style.quiet {
            let first = fit.losses.first().copied().unwrap_or(f64::NAN);
            writeln!(
                out,
                "{}: {guide}, {steps} steps in {seconds:.3} s, loss {first:.4} at first and {:.4} on average of the \
                 last {}, seed {}\n",
                entry.name,
                average,
                steps.div_ceil(20),
                args.seed
            )?;
        }
        table(out, &rows)?;
    }
    if let Some((path, format)) = file {
        posterior.save(path, format)?;
        if !style.quiet && !style.json {
            writeln!(out, "\nwritten to {}", path.display())?;
        }
    }
    if fit.interrupted {
        return Err(Failure::FitInterrupted { steps, of: args.steps });
    }
    Ok(())
}

impl Args {
    fn validate(&self) -> Result<(), Failure> {
        let counts =
            [("steps", self.steps), ("num-particles", self.num_particles), ("num-samples", self.num_samples)];
        if let Some((name, _)) = counts.iter().find(|(_, n)| *n == 0) {
            return Err(Failure::Invalid(format!("--{name} is 0, expected at least 1")));
        }
        if !(self.step_size > 0.0 && self.step_size.is_finite()) {
            let found = self.step_size;
            return Err(Failure::Invalid(format!(
                "--step-size is {found}, expected a positive, finite number"
            )));
        }
        Ok(())
    }

    fn fit(&self, bound: &Bound, quiet: bool) -> Result<(SviRunResult, Posterior), Failure> {
        let fitted = match self.guide {
            GuideArg::AutoDelta => self.fit_guide(&AutoDelta::new(), bound, quiet),
            GuideArg::AutoNormal => self.fit_guide(&AutoNormal::new(), bound, quiet),
            GuideArg::AutoDiagonalNormal => self.fit_guide(&AutoDiagonalNormal::new(), bound, quiet),
            GuideArg::AutoMultivariateNormal => self.fit_guide(&AutoMultivariateNormal::new(), bound, quiet),
            GuideArg::AutoLowRankMultivariateNormal => {
                self.fit_guide(&AutoLowRankMultivariateNormal::new(), bound, quiet)
            }
            GuideArg::AutoLaplaceApproximation => {
                self.fit_guide(&AutoLaplaceApproximation::new(), bound, quiet)
            }
        };
        Ok(fitted?)
    }

    fn fit_guide(
        &self,
        guide: &impl AutoGuide,
        bound: &Bound,
        quiet: bool,
    ) -> Result<(SviRunResult, Posterior), SviError> {
        let monitor = SviMonitor::new();
        watch::stop_on_interrupt(watch::Running::Steps(monitor.clone()));
        let loss = TraceElbo::new().num_particles(self.num_particles);
        let svi = BoundSvi::of(bound, guide.for_model(bound)?, Adam::new(self.step_size), loss, &monitor)?;
        let fit = watch::watch_steps(&monitor, quiet, || svi.run(self.seed, self.steps))?;
        // Other numbers than those of the steps.
        let key = self.seed.wrapping_add(1);
        let draws = guide.sample_posterior(key, bound, &fit.params, &[self.num_samples])?;
        let posterior = posterior_of(bound, &draws)?;
        Ok((fit, posterior))
    }
}

/// A row for each element of each site: what the guide says of it.
fn rows(posterior: &Posterior) -> Vec<Vec<String>> {
    let head = ["site", "mean", "sd", "eti89_lb", "eti89_ub"].map(String::from).to_vec();
    let summary = posterior.summary();
    let rows = summary.rows().iter().map(|row| {
        let numbers = [row.mean, row.sd, row.eti89_lb, row.eti89_ub].map(number).to_vec();
        [vec![row.name.clone()], numbers].concat()
    });
    std::iter::once(head).chain(rows).collect()
}

fn mean(losses: &[f64]) -> f64 {
    losses.iter().sum::<f64>() / losses.len() as f64
}
