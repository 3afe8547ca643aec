//! Reverse-mode differentiation: appends the adjoints of a scalar output to its own forward values.

use super::{Need, Pass, PassError, Query, at};
use crate::{
    graph::{Graph, Kind, Phase, Role, Val},
    ops,
};

/// Adds the gradient by the position to a graph that returns a potential.
pub struct Vjp;

impl Pass for Vjp {
    fn name(&self) -> &'static str {
        "vjp"
    }

    fn applies(&self, query: Query) -> bool {
        query == Query::PotentialAndGradient
    }

    fn need(&self) -> Need {
        Need::Required
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        let by_position = |v: &Val| graph.input_of(*v).is_some_and(|i| i.role == Role::Position);
        let wrt: Vec<Val> = graph.inputs().iter().copied().filter(by_position).collect();
        value_and_grad(graph, &wrt)
    }
}

/// The graph with the gradient of its first output, a float scalar, by each of `wrt` appended to its outputs.
///
/// Values and adjoints share one graph, so the forward is computed once. Contributions are added in the order in which
/// users of a value appear, last first: the result is deterministic.
///
/// # Errors
/// When a rule builds an ill-typed node, or the first output is not a float scalar.
pub fn value_and_grad(graph: &Graph, wrt: &[Val]) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, Phase::Pure);
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands: Vec<Val> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        map.push(out.copy_node(graph, v, &operands).map_err(at("vjp", graph.node(v), None))?);
    }
    let live = influences(graph, wrt);
    let mut adjoints: Vec<Option<Val>> = vec![None; graph.len()];
    let Some(root) = graph.outputs().first().copied() else { return Ok(out) };
    // A seed of the output's own type: for a scalar this is the gradient, otherwise that of the sum.
    let seed = out.full_like(map[root.index()], 1.0).map_err(at("vjp", graph.node(root), None))?;
    adjoints[root.index()] = Some(seed);
    for v in graph.vals().rev() {
        let node = graph.node(v);
        let (Some(ct), Kind::Pure(op), true) = (adjoints[v.index()], &node.kind, live[v.index()]) else {
            continue;
        };
        out.set_loc(node.loc.clone());
        let operands = graph.operands(v);
        let args: Vec<Val> = operands.iter().map(|o| map[o.index()]).collect();
        let cx = ops::Vjp { graph: &mut out, args: &args, out: map[v.index()], ct };
        let cotangents = op.vjp(cx).map_err(at("vjp", node, None))?;
        for (operand, by) in operands.iter().zip(cotangents) {
            let (Some(by), true) = (by, live[operand.index()]) else { continue };
            let sum = match adjoints[operand.index()] {
                Some(before) => out.add(before, by).map_err(at("vjp", node, None))?,
                None => by,
            };
            adjoints[operand.index()] = Some(sum);
        }
    }
    out.set_loc(None);
    let mut outputs: Vec<Val> = graph.outputs().iter().map(|v| map[v.index()]).collect();
    for v in wrt {
        let zero = out.full_like(map[v.index()], 0.0).map_err(at("vjp", graph.node(*v), None))?;
        outputs.push(adjoints[v.index()].unwrap_or(zero));
    }
    out.set_outputs(outputs);
    Ok(out)
}

/// Whether each value depends on one of `wrt`.
fn influences(graph: &Graph, wrt: &[Val]) -> Vec<bool> {
    let mut live = vec![false; graph.len()];
    for v in graph.vals() {
        live[v.index()] = wrt.contains(&v) || graph.operands(v).iter().any(|o| live[o.index()]);
    }
    live
}
