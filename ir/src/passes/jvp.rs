//! Forward-mode differentiation: carries a tangent beside each value.

use std::collections::BTreeMap;

use super::{PassError, at};
use crate::{
    graph::{Graph, Kind, Operands, Phase, Role, Val},
    ops,
};

/// The graph with a further input for the tangent of each of `wrt`, of its type and in that order, and the tangent of
/// every output appended to the outputs.
///
/// Integers and truth values have no tangent: that of such an output is zero.
///
/// # Errors
/// When an op on the way has no forward derivative.
pub fn jvp(graph: &Graph, wrt: &[Val]) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, Phase::Pure);
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    let mut tangents: Vec<Option<Val>> = vec![None; graph.len()];
    // Inputs first, so that those of the tangents follow the graph's own.
    for v in graph.inputs() {
        let copied = out.copy_node(graph, *v, &[]).map_err(at("jvp", graph.node(*v), None))?;
        debug_assert_eq!(copied.index(), map.len());
        map.push(copied);
    }
    let primals = std::mem::take(&mut map);
    for v in wrt {
        let name = graph.input_of(*v).map_or_else(String::new, |i| format!("{}.tangent", i.name));
        tangents[v.index()] = Some(out.input(name, Role::Argument, graph.ty(*v).clone()));
    }
    let mut further: BTreeMap<Val, (Operands, ops::Tangents)> = BTreeMap::new();
    let mut inputs = primals.into_iter();
    for v in graph.vals() {
        let node = graph.node(v);
        let err = at("jvp", node, None);
        if let Kind::Input(_) = node.kind {
            map.extend(inputs.next());
            continue;
        }
        let operands = graph.operands(v);
        let args: Operands = operands.iter().map(|o| map[o.index()]).collect();
        let moved: Vec<Option<Val>> = operands.iter().map(|o| tangents[o.index()]).collect();
        let new = match &node.kind {
            Kind::Pure(op) if moved.iter().any(Option::is_some) => {
                out.set_loc(node.loc.clone());
                let cx = ops::MultiJvp { graph: &mut out, args: &args, tangents: &moved };
                let (results, along) = op.jvp(cx).map_err(&err)?;
                let first = results[0];
                tangents[v.index()] = along[0];
                further.insert(v, (results, along));
                first
            }
            Kind::Part(i) if further.contains_key(&operands[0]) => {
                let (results, along) = &further[&operands[0]];
                tangents[v.index()] = along[*i as usize];
                results[*i as usize]
            }
            _ => out.copy_node(graph, v, &args).map_err(&err)?,
        };
        map.push(new);
    }
    out.set_loc(None);
    let mut outputs: Vec<Val> = graph.outputs().iter().map(|v| map[v.index()]).collect();
    for v in graph.outputs() {
        let zero = out.full_like(map[v.index()], 0.0).map_err(at("jvp", graph.node(*v), None))?;
        outputs.push(tangents[v.index()].unwrap_or(zero));
    }
    out.set_outputs(outputs);
    Ok(out)
}
