//! `pyroxene compile`: a model at each stage between its function and the device.

use std::{io::Write, time::Duration};

use clap::ValueEnum;

use super::{
    Style, dot,
    error::Failure,
    model::ModelArgs,
    output::{json, objects, table},
};
use crate::{
    Program,
    gallery::Entry,
    ir::{
        CondIndepStackFrame, Graph, SiteKind, Source, Val,
        passes::{Outcome, Query},
    },
    runtime::default_backend,
};

/// The query that `hlo` and `stats` show: what samplers run.
const QUERY: Query = Query::PotentialAndGradient;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene compile eight_schools --emit sites\n  \
                        pyroxene compile eight_schools --emit ir --pass vjp\n  \
                        pyroxene compile eight_schools --emit dot | dot -Tsvg > graph.svg")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// What to print
    #[arg(long, value_enum)]
    emit: Emit,
    /// With `ir` or `dot`, the graph of the potential and its gradient after this pass
    #[arg(long)]
    pass: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Emit {
    /// The sites: kinds, distributions, shapes, plates
    Sites,
    /// The recorded graph
    Ir,
    /// The potential with its gradient as HLO
    Hlo,
    /// The recorded graph for Graphviz: `| dot -Tsvg`
    Dot,
    /// Nodes after each pass, instructions, times
    Stats,
}

pub(super) fn run(args: &Args, style: Style, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    let text = match args.emit {
        Emit::Ir => Some("ir"),
        Emit::Hlo => Some("hlo"),
        Emit::Dot => Some("dot"),
        Emit::Sites | Emit::Stats => None,
    };
    if let Some(text) = text.filter(|_| style.json) {
        return Err(Failure::NotJson(text));
    }
    let program = args.model.problem(models)?.1.trace()?;
    match (args.emit, &args.pass) {
        (Emit::Ir, Some(pass)) => Ok(write!(out, "{}", after(&program, pass)?)?),
        (Emit::Dot, Some(pass)) => Ok(dot::write(&after(&program, pass)?, out)?),
        (_, Some(_)) => Err(Failure::PassWithoutGraph),
        (Emit::Sites, None) => {
            let rows = sites(&program);
            let written = if style.json { json(out, &objects(&rows)) } else { table(out, &rows) };
            Ok(written?)
        }
        (Emit::Ir, None) => Ok(write!(out, "{}", program.graph())?),
        (Emit::Hlo, None) => hlo(&program, out),
        (Emit::Dot, None) => Ok(dot::write(program.graph(), out)?),
        (Emit::Stats, None) => stats(&program, style, out),
    }
}

/// Prints what runs for each position, after what runs once for the data, if something does.
fn hlo(program: &Program, out: &mut dyn Write) -> Result<(), Failure> {
    let lowered = program.lower(QUERY)?;
    if let Some(once) = lowered.preparation() {
        writeln!(out, "{}\n", once.to_text().trim_end())?;
    }
    Ok(writeln!(out, "{}", lowered.to_string().trim_end())?)
}

/// The graph as a pass left it.
fn after(program: &Program, pass: &str) -> Result<Graph, Failure> {
    let (mut graph, mut ran) = (None, Vec::new());
    program.stages(QUERY, &mut |step| {
        if matches!(step.outcome, Outcome::Ran(_)) {
            ran.push(step.pass);
            graph = graph.take().or_else(|| (step.pass == pass).then(|| step.graph.clone()));
        }
    })?;
    graph.ok_or_else(|| Failure::Pass { pass: pass.to_owned(), ran: ran.join(", ") })
}

fn sites(program: &Program) -> Vec<Vec<String>> {
    let graph = program.graph();
    let heading = ["site", "kind", "distribution", "value", "plates", "support", "coordinates"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(graph.sites().filter_map(|(v, site)| {
        let (kind, distribution, support) = match &site.kind {
            SiteKind::Sample(s) => {
                let kind = match s.source {
                    _ if s.is_factor() => "factor",
                    Source::Latent => "latent",
                    source if source.is_observed() => "observed",
                    _ => "substituted",
                };
                (kind, s.distribution.as_str(), s.support.as_str())
            }
            SiteKind::Param(p) => ("param", "", p.constraint.as_str()),
            SiteKind::Deterministic => ("deterministic", "", ""),
            SiteKind::Plate(_) => ("plate", "", ""),
            SiteKind::Mutable(_) => ("mutable", "", ""),
            SiteKind::Key(_) => ("key", "", ""),
            // A condition is no site of the user's, and those inside a loop are listed after it.
            SiteKind::Check(_) | SiteKind::ControlFlow(_) => return None,
        };
        let value = graph.ty(v).to_string();
        let cells =
            [&site.name, kind, distribution, &value, &plates(&site.frames), support, &range(program, v)];
        Some(cells.map(String::from).to_vec())
    }));
    rows
}

fn plates(frames: &[CondIndepStackFrame]) -> String {
    frames.iter().map(|f| format!("{}[{}] at {}", f.name, f.size, f.dim)).collect::<Vec<_>>().join(", ")
}

/// Where the site's unconstrained coordinates lie in a position: `8`, `0..8`.
fn range(program: &Program, v: Val) -> String {
    let layout = program.layout();
    let Some(c) = layout.iter().find(|c| c.val == v) else { return String::new() };
    match c.unconstrained.len() {
        1 => c.offset.to_string(),
        n => format!("{}..{}", c.offset, c.offset + n),
    }
}

fn stats(program: &Program, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut nodes = vec![row("recorded", program.graph(), "".into())];
    program.stages(QUERY, &mut |step| {
        let time = match step.outcome {
            Outcome::Ran(time) => milliseconds(time),
            Outcome::LeftOut => "left out".into(),
            Outcome::BeyondLimit => "beyond the limit".into(),
        };
        nodes.push(row(step.pass, step.graph, time));
    })?;
    // The passes above had an observer: what is timed from here is a whole compilation.
    let before = program.timings();
    let lowered = program.lower(QUERY)?;
    let lowering = program.timings();
    let backend = default_backend()?;
    program.compile(QUERY, &backend)?;
    let compile = program.timings().compile;
    nodes.insert(0, ["stage", "nodes", "in regions", "time"].map(String::from).to_vec());
    let (instructions, bytes) = (lowered.instructions(), lowered.hlo().len());
    // Instructions and bytes of what runs once for the data.
    let once = lowered.preparation().map(|once| (once.instructions(), once.hlo.len()));
    let kernels = lowered.in_kernels().map(|k| (k.kernels(), k.instructions(), k.hlo.len()));
    let times = [
        ("trace", before.trace),
        ("passes", lowering.passes - before.passes),
        ("lowering", lowering.lower - before.lower),
        ("XLA", compile),
    ];
    let times = times.map(|(stage, time)| vec![stage.to_string(), milliseconds(time)]);
    if style.json {
        let times: serde_json::Value =
            times.iter().map(|row| (row[0].clone(), serde_json::Value::from(row[1].clone()))).collect();
        let stats = serde_json::json!({
            "device": backend.platform().to_string(), "query": QUERY.name(), "stages": objects(&nodes),
            "instructions": instructions, "bytes": bytes, "times": times,
            "kernels": kernels.map(|(kernels, instructions, bytes)| {
                serde_json::json!({"kernels": kernels, "instructions": instructions, "bytes": bytes})
            }),
            "once": once.map(|(instructions, bytes)| serde_json::json!({"instructions": instructions, "bytes": bytes})),
        });
        return Ok(json(out, &stats)?);
    }
    writeln!(out, "{}\n", backend.platform())?;
    table(out, &nodes)?;
    writeln!(out, "\n{}: {instructions} HLO instructions, {bytes} bytes", QUERY.name())?;
    match kernels {
        Some((kernels, instructions, bytes)) => writeln!(
            out,
            "on CPUs with {kernels} of its parts as one kernel each: {instructions} HLO instructions, {bytes} bytes"
        )?,
        None => writeln!(out, "on CPUs without kernels")?,
    }
    if let Some((instructions, bytes)) = once {
        writeln!(out, "once for the data: {instructions} HLO instructions, {bytes} bytes")?;
    }
    writeln!(out)?;
    Ok(table(out, &times)?)
}

fn row(stage: &str, graph: &Graph, time: String) -> Vec<String> {
    let regions: usize = graph.regions().iter().map(|r| r.len()).sum();
    vec![stage.to_string(), graph.len().to_string(), regions.to_string(), time]
}

/// `1.25 ms`
pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
