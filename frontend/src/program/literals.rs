//! Conditions on values that the model's code decides alone: broken ones are errors of the model, told before any data.

use pyroxene_ir::{
    Graph, Loc, Phase, Val,
    eval::eval,
    passes::{Check, Checks},
};

use super::{error::CheckFailure, recorded::Program};
use crate::trace::{ErrorKind, TraceError};

/// The conditions of a program that its own literals break. Those of parameters were held once before, where their site was
/// recorded: only there are the ones inside of loops seen, and only here those on values and what is computed of literals.
pub(super) fn broken(program: &Program) -> Vec<TraceError> {
    // Where the conditions cannot be collected, binding says why.
    program
        .checks()
        .ok()
        .and_then(|checks| failures(&checks))
        .unwrap_or_default()
        .into_iter()
        .map(error)
        .collect()
}

fn failures(checks: &Checks) -> Option<Vec<CheckFailure>> {
    let (graph, rows) = alone(checks)?;
    if rows.is_empty() {
        return Some(Vec::new());
    }
    let results = eval(&graph, &[]).ok()?;
    Some(
        rows.iter()
            .zip(results.chunks_exact(2))
            .filter_map(|(row, pair)| CheckFailure::of(row, &pair[0], &pair[1]))
            .collect(),
    )
}

/// The conditions that no input has a part in, as a graph without inputs.
fn alone(checks: &Checks) -> Option<(Graph, Vec<&Check>)> {
    let from = &checks.graph;
    let mut varies = vec![false; from.len()];
    for v in from.vals() {
        varies[v.index()] = from.input_of(v).is_some() || from.operands(v).iter().any(|o| varies[o.index()]);
    }
    let fixed = |pair: &&[Val]| !varies[pair[0].index()] && !varies[pair[1].index()];
    let pairs = checks.rows.iter().zip(from.outputs().chunks_exact(2)).filter(|(_, pair)| fixed(pair));
    let (rows, pairs): (Vec<&Check>, Vec<&[Val]>) = pairs.unzip();
    let roots = pairs.concat();
    let needed = from.reachable(&roots);
    let mut graph = Graph::new(Phase::Pure);
    let mut map = vec![None; from.len()];
    for v in from.vals().filter(|v| needed[v.index()]) {
        let operands: Option<Vec<Val>> = from.operands(v).iter().map(|o| map[o.index()]).collect();
        map[v.index()] = Some(graph.copy_node(from, v, &operands?).ok()?);
    }
    graph.set_outputs(roots.iter().map(|v| map[v.index()]).collect::<Option<Vec<Val>>>()?);
    Some((graph, rows))
}

fn error(failure: CheckFailure) -> TraceError {
    let help = "correct the literal, or `mask` the elements".into();
    let kind = ErrorKind::Usage { found: failure.breach(), help };
    TraceError { loc: failure.loc.unwrap_or_else(Loc::caller), site: failure.site, during: None, kind }
}
