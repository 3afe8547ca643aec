//! Batching: a graph over single values becomes one over batches of them (JAX's `vmap`).

use std::collections::BTreeMap;

use super::{PassError, at};
use crate::{
    graph::{Graph, Input, Kind, Operands, Phase, Val},
    ops,
    types::Ty,
};

/// The graph over a batch of `size`: input `i` holds it along dimension `axes[i]`, or is shared by all members (`None`).
///
/// Returned beside it: for each output the dimension that runs over the batch, `None` where the output is the same for
/// all members. Where the batch lies at the back, rules keep it there if they can.
///
/// # Errors
/// When a rule builds an ill-typed node.
pub fn batch(
    graph: &Graph,
    axes: &[Option<usize>],
    size: usize,
) -> Result<(Graph, Vec<Option<usize>>), PassError> {
    let mut out = Graph::with_regions_of(graph, Phase::Pure);
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    let mut held: Vec<Option<usize>> = Vec::with_capacity(graph.len());
    let mut further: BTreeMap<Val, ops::Batched> = BTreeMap::new();
    let mut given = axes.iter().copied();
    for v in graph.vals() {
        let node = graph.node(v);
        let operands = graph.operands(v);
        let args: Operands = operands.iter().map(|o| map[o.index()]).collect();
        let along: Vec<Option<usize>> = operands.iter().map(|o| held[o.index()]).collect();
        out.set_loc(node.loc.clone());
        let (new, axis) = match &node.kind {
            Kind::Input(input) => {
                let axis = given.next().flatten();
                (batched_input(&mut out, input, &node.ty, axis, size), axis)
            }
            Kind::Pure(op) if along.iter().any(Option::is_some) => {
                let cx = ops::Batch { graph: &mut out, args: &args, axes: &along, size };
                let results = op.batch(cx).map_err(at("batch", node, None))?;
                let first = results[0];
                further.insert(v, results);
                first
            }
            Kind::Part(i) if further.contains_key(&operands[0]) => further[&operands[0]][*i as usize],
            _ => (out.copy_node(graph, v, &args).map_err(at("batch", node, None))?, None),
        };
        map.push(new);
        held.push(axis);
    }
    out.set_loc(None);
    out.set_outputs(graph.outputs().iter().map(|v| map[v.index()]));
    Ok((out, graph.outputs().iter().map(|v| held[v.index()]).collect()))
}

fn batched_input(out: &mut Graph, input: &Input, ty: &Ty, axis: Option<usize>, size: usize) -> Val {
    let mut ty = ty.clone();
    if let Some(axis) = axis {
        ty.dims.insert(axis.min(ty.dims.len()), size);
    }
    out.input(input.name.clone(), input.role, ty)
}
