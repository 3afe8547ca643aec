//! `pyroxene render`: a drawing of a model, as SVG or for Graphviz.

use std::{io::Write, path::PathBuf};

use super::{Style, error::Failure, model::ModelArgs, output::json};
use crate::gallery::Entry;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene render eight_schools -o schools.svg --distributions\n  \
                        pyroxene render radon -o radon.dot && dot -Tpdf radon.dot -o radon.pdf")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The file to write: .svg, or .dot for Graphviz
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Say each site's distribution, and each parameter's constraint
    #[arg(long)]
    distributions: bool,
    /// Draw parameters too
    #[arg(long)]
    params: bool,
}

pub(super) fn run(args: &Args, style: Style, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    let program = args.model.problem(models)?.1.trace()?;
    program.render().distributions(args.distributions).params(args.params).save(&args.out)?;
    if style.json {
        return Ok(json(out, &serde_json::json!({"file": args.out.display().to_string()}))?);
    }
    if !style.quiet {
        writeln!(out, "wrote {}", args.out.display())?;
    }
    Ok(())
}
