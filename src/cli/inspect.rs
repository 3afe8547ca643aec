//! `pyroxene inspect`: a model's shapes, plates and dependencies, and what is odd about it.

use std::io::Write;

use serde_json::{Value, json};

use super::{
    Style,
    error::Failure,
    model::ModelArgs,
    output::{self, table},
};
use crate::{
    Program,
    gallery::Entry,
    inspect::{Dependencies, RecordedSite, ValidationResult},
    ir::CondIndepStackFrame,
};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene inspect eight_schools\n  \
                        pyroxene inspect eight_schools --json | jq .dependencies")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &Args, style: Style, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    let (entry, problem) = args.model.problem(models)?;
    let program = problem.trace()?;
    let found = problem.validate(&program);
    if style.json {
        output::json(out, &report(entry.name, &program, &found))?;
    } else {
        writeln!(out, "{}\n", trimmed(&program.format_shapes().compute_log_prob(true).to_string()))?;
        table(out, &dependencies(&found.dependencies))?;
        if !found.plate_stack.is_empty() {
            writeln!(out)?;
            table(out, &plates(&found.plate_stack))?;
        }
        for warning in &found.warnings {
            writeln!(out, "\nwarning: {warning}")?;
        }
    }
    if found.is_valid {
        return Ok(());
    }
    Err(Failure::Invalid(found.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// NumPyro's table without the blanks at its lines' ends.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn dependencies(found: &Dependencies) -> Vec<Vec<String>> {
    let mut rows = vec![["site", "reads", "given the data, depends on"].map(String::from).to_vec()];
    for (name, upstream) in &found.prior_dependencies {
        let reads: Vec<&str> = upstream.keys().map(|u| &**u).filter(|u| u != name).collect();
        let posterior = found.posterior_dependencies.get(name).into_iter().flatten();
        let depends = posterior.filter(|(other, plates)| *other != name || !plates.is_empty());
        let depends = depends.map(|(other, plates)| {
            let across = plates.iter().map(|p| format!(" across {p}"));
            format!("{other}{}", across.collect::<String>())
        });
        rows.push(vec![name.clone(), reads.join(", "), depends.collect::<Vec<_>>().join(", ")]);
    }
    rows
}

fn plates(frames: &[CondIndepStackFrame]) -> Vec<Vec<String>> {
    let mut rows = vec![["plate", "size", "of", "dim"].map(String::from).to_vec()];
    rows.extend(
        frames
            .iter()
            .map(|f| vec![f.name.clone(), f.size.to_string(), f.full_size.to_string(), f.dim.to_string()]),
    );
    rows
}

fn report(model: &str, program: &Program, found: &ValidationResult) -> Value {
    let messages =
        |list: &[crate::inspect::Diagnostic]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "model": model,
        "is_valid": found.is_valid,
        "sites": found.sites.iter().map(|(name, site)| described(name, site)).collect::<Vec<_>>(),
        "plates": found.plate_stack.iter().map(plate).collect::<Vec<_>>(),
        "dependencies": found.dependencies,
        "relations": program.relations(),
        "warnings": messages(&found.warnings),
        "errors": messages(&found.errors),
    })
}

fn described(name: &str, site: &RecordedSite) -> Value {
    json!({
        "name": name,
        "kind": site.kind.name(),
        "distribution": site.distribution,
        "support": site.support,
        "batch_shape": site.batch_shape.as_slice(),
        "event_shape": site.event_shape.as_slice(),
        "shape": site.value.dims.as_slice(),
        "dtype": site.value.dtype.to_string(),
        "is_observed": site.is_observed,
        "plates": site.plates.iter().map(|f| &f.name).collect::<Vec<_>>(),
        "line": site.loc.as_ref().map(ToString::to_string),
    })
}

fn plate(frame: &CondIndepStackFrame) -> Value {
    json!({"name": frame.name, "size": frame.size, "full_size": frame.full_size, "dim": frame.dim})
}
