//! `pyroxene diagnose`: a file of draws again as a summary, with a sentence of advice for each problem.

use std::{io::Write, path::PathBuf};

use super::{Style, error::Failure, output::json};
use crate::Posterior;

#[derive(clap::Args)]
#[command(after_help = "Example:\n  pyroxene sample eight_schools_centered --out schools.zarr\n  \
                        pyroxene diagnose schools.zarr")]
pub(super) struct Args {
    /// The file: .zarr, .json, .parquet or .csv, as `pyroxene sample --out` writes it
    file: PathBuf,
    /// Print every row of a long table
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let posterior = Posterior::load(&args.file)?;
    let summary = posterior.summary();
    if style.json {
        return Ok(json(out, &summary)?);
    }
    if !style.quiet {
        let (chains, draws) = (posterior.num_chains(), posterior.num_draws());
        writeln!(out, "{}: {chains} chains of {draws} draws\n", args.file.display())?;
    }
    let text = if args.all { format!("{summary:#}") } else { summary.to_string() };
    writeln!(out, "{}", text.trim_end())?;
    if summary.warnings().is_empty() {
        writeln!(out, "\nNothing speaks against these draws.")?;
    }
    Ok(())
}
