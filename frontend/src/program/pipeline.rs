//! From a recorded graph to HLO, under the settings of passes and the dumps that the environment asks for.

use std::time::{Duration, Instant};

use pyroxene_ir::{
    Graph,
    passes::{ColumnMajor, OneKernel, Pass, Query, RowBlocks, Settings, Step},
};
use pyroxene_runtime::options::Options;

use super::{
    compiled::{How, Lowered},
    dump::Dump,
    error::Error,
};

/// How long passes and lowering took.
#[derive(Clone, Copy, Default)]
pub(super) struct Took {
    pub(super) passes: Duration,
    pub(super) lower: Duration,
}

pub(super) fn options() -> Result<Options, Error> {
    Ok(Options::of_process().map_err(pyroxene_runtime::Error::from)?)
}

/// The settings with what the environment leaves out.
fn settings(settings: &Settings, options: &Options) -> Result<Settings, Error> {
    let mut settings = settings.clone();
    for pass in &options.disabled_passes {
        let left = settings.without(pass);
        settings = left.map_err(|source| Error::Setting { variable: "PYROXENE_DISABLE_PASS", source })?;
    }
    Ok(match options.pass_limit {
        Some(n) => settings.limit(n),
        None => settings,
    })
}

/// The pure graph that answers a query; `observe` sees each pass.
pub(super) fn resolve(
    graph: &Graph,
    query: Query,
    base: &Settings,
    observe: &mut dyn FnMut(Step<'_>),
) -> Result<Graph, Error> {
    Ok(settings(base, &options()?)?.run(graph, query, observe)?)
}

/// The query as tensor arithmetic for another graph to take in.
pub(super) fn pure(graph: &Graph, query: Query, base: &Settings) -> Result<Graph, Error> {
    Ok(settings(base, &options()?)?.pure(graph, query)?)
}

/// The query as HLO under a module's name.
pub(super) fn lower(
    graph: &Graph,
    query: Query,
    name: &str,
    base: &Settings,
) -> Result<(Lowered, Took), Error> {
    let options = options()?;
    let settings = settings(base, &options)?;
    let mut dump = Dump::of(name, &options);
    let kernels = settings.kernels().unwrap_or(options.one_kernel);
    // What samplers outside of the graph run for every step.
    let often = query == Query::PotentialAndGradient;
    let lowered = stages(graph, query, How { name, kernels, often }, &settings, &mut dump);
    // What was reached is of use above all when the next stage fails.
    dump.finish().and(lowered)
}

/// The graph that CPUs are given, if passes that are for them alone make another one of it than `pure`.
fn on_cpus(graph: &Graph, query: Query, settings: &Settings, pure: &Graph) -> Result<Option<Graph>, Error> {
    let has_work = RowBlocks::may_apply(pure) || ColumnMajor::may_apply(pure);
    if !has_work || !RowBlocks.applies(query) {
        return Ok(None);
    }
    let made = settings.clone().for_cpus().run(graph, query, &mut |_| {})?;
    Ok((made != *pure).then_some(made))
}

fn stages(
    graph: &Graph,
    query: Query,
    how: How<'_>,
    settings: &Settings,
    dump: &mut Dump,
) -> Result<(Lowered, Took), Error> {
    dump.graph("traced", graph, "");
    let start = Instant::now();
    let pure = settings.run(graph, query, &mut |step| dump.step(step))?;
    let on_cpus = match how.kernels {
        OneKernel::Never => None,
        _ => on_cpus(graph, query, settings, &pure)?,
    };
    let passes = start.elapsed();
    let start = Instant::now();
    let lowered = Lowered::new(&pure, on_cpus.as_ref(), how)?;
    let lower = start.elapsed();
    if let Some(preparation) = lowered.preparation() {
        dump.hlo("prepare", Duration::ZERO, preparation.instructions(), || preparation.to_text());
    }
    dump.hlo("lowered", lower, lowered.instructions(), || lowered.to_string());
    if let Some(kernels) = lowered.in_kernels() {
        dump.hlo("kernels", Duration::ZERO, kernels.instructions(), || kernels.to_text());
    }
    Ok((lowered, Took { passes, lower }))
}
