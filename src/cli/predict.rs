//! `pyroxene predict`: what a model says of data to come, from its prior or at draws from its posterior.

use std::{io::Write, path::PathBuf};

use super::{
    Style,
    error::Failure,
    model::ModelArgs,
    output::{file_to_write, json, objects, table},
};
use crate::{
    Bound, Posterior, Predictive,
    inference::{Format, LogLikelihood, SiteDraws, diagnostics::quantile},
    runtime::default_backend,
};

/// How many elements of a site are printed, unless all are asked for.
const ELEMENTS: usize = 10;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene predict eight_schools --num-samples 1000\n  \
                        pyroxene sample kidiq --out draws.zarr\n  \
                        pyroxene predict kidiq --posterior draws.zarr --log-likelihood --out predicted.zarr")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Predict at the draws of this file, one of `pyroxene sample --out`; from the prior unless given
    #[arg(long, value_name = "FILE")]
    posterior: Option<PathBuf>,
    /// How many draws to make from the prior
    #[arg(long, default_value_t = 1000, value_name = "N", conflicts_with = "posterior")]
    num_samples: usize,
    /// The seed of all random numbers: the same seed gives the same draws
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// The sites to return, separated by commas: any sample, deterministic or param site; unless given, what is drawn,
    /// observed sites anew, and deterministic sites
    #[arg(long, value_delimiter = ',', value_name = "SITE,...")]
    return_sites: Option<Vec<String>>,
    /// Also compute the log likelihood of the data at the posterior's draws, for the file
    #[arg(long, requires = "posterior", requires = "out")]
    log_likelihood: bool,
    /// Print every element of large sites
    #[arg(long)]
    all: bool,
    /// Write the draws to this file: .zarr or .json in ArviZ's groups beside the posterior, .parquet or .csv as a table
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(
    args: &Args,
    style: Style,
    models: &[crate::gallery::Entry],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let file = file_to_write(args.out.as_deref())?;
    let posterior = args.posterior.as_deref().map(Posterior::load).transpose()?;
    let (entry, problem) = args.model.problem(models)?;
    let bound = problem.bind(&problem.trace()?, &default_backend()?)?;
    let mut predictive = Predictive::default().uncondition();
    predictive = match &posterior {
        Some(posterior) => predictive.posterior(posterior),
        None => predictive.num_samples(args.num_samples),
    };
    if let Some(sites) = &args.return_sites {
        predictive = predictive.return_sites(sites.iter().cloned());
    }
    let drawn = predictive.run_bound(args.seed, &bound)?;
    let [chains, draws] = drawn.chains_and_draws();
    let rows = rows(&bound, &drawn, if args.all || style.json { usize::MAX } else { ELEMENTS })?;
    if style.json {
        let source = if posterior.is_some() { "posterior" } else { "prior" };
        let (model, sites) = (entry.name, objects(&rows));
        let result = serde_json::json!({
            "model": model, "from": source, "chains": chains, "draws": draws, "seed": args.seed, "sites": sites,
        });
        json(out, &result)?;
    } else {
        if !style.quiet {
            let source =
                if posterior.is_some() { "draws from the posterior" } else { "draws from the prior" };
            writeln!(out, "{}: {} {source}, seed {}\n", entry.name, chains * draws, args.seed)?;
        }
        table(out, &rows)?;
    }
    let Some((path, format)) = file else { return Ok(()) };
    save(args, &bound, posterior, drawn, path, format)?;
    if !style.quiet && !style.json {
        writeln!(out, "\nwritten to {}", path.display())?;
    }
    Ok(())
}

/// Writes the draws, in files with groups beside the posterior they come from.
fn save(
    args: &Args,
    bound: &Bound,
    posterior: Option<Posterior>,
    drawn: SiteDraws,
    path: &std::path::Path,
    format: Format,
) -> Result<(), Failure> {
    match posterior {
        Some(posterior) if matches!(format, Format::Zarr | Format::Json) => {
            let densities = args.log_likelihood.then(|| LogLikelihood::of_posterior(&posterior).run(bound));
            let densities = densities.transpose()?;
            let mut whole = posterior.with_site_draws(drawn);
            if let Some(densities) = densities {
                whole = whole.with_site_draws(densities);
            }
            whole.save(path, format)?;
        }
        _ => drawn.save(path, format)?,
    }
    Ok(())
}

/// A row for each element: mean, deviation and the central 90 % of its draws, and its value in the data.
fn rows(bound: &Bound, drawn: &SiteDraws, limit: usize) -> Result<Vec<Vec<String>>, Failure> {
    let observed = bound.observed()?;
    let graph = bound.program().graph();
    let mut rows = vec![["site", "mean", "sd", "5%", "95%", "data"].map(String::from).to_vec()];
    for (name, draws) in drawn.iter() {
        let data = observed.iter().find(|(v, _)| graph.site(*v).is_some_and(|site| site.name == name));
        let data = data.map(|(_, value)| value.to_f64_vec());
        let (values, dims) = (draws.to_f64_vec(), &draws.dims()[1..]);
        let size: usize = dims.iter().product();
        for element in 0..size.min(limit) {
            let own: Vec<f64> = values.iter().skip(element).step_by(size).copied().collect();
            let datum = data.as_ref().and_then(|d| d.get(element)).map_or_else(String::new, |x| number(*x));
            rows.push([vec![label(name, dims, element)], statistics(&own), vec![datum]].concat());
        }
        if size > limit {
            rows.push(vec![format!("{name}: {} more elements, --all prints them", size - limit)]);
        }
    }
    Ok(rows)
}

fn statistics(draws: &[f64]) -> Vec<String> {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let squares: f64 = draws.iter().map(|x| (x - mean).powi(2)).sum();
    [mean, (squares / (n - 1.0)).sqrt(), quantile(draws, 0.05), quantile(draws, 0.95)].map(number).to_vec()
}

pub(super) fn number(x: f64) -> String {
    format!("{x:.3}")
}

/// The name of an element: `mu`, `theta[0]`, `beta[1,2]`.
fn label(name: &str, dims: &[usize], element: usize) -> String {
    if dims.is_empty() {
        return name.to_owned();
    }
    let index: Vec<String> =
        crate::ir::shape::unravel(element, dims).iter().map(ToString::to_string).collect();
    format!("{name}[{}]", index.join(","))
}
