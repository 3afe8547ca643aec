//! Constant folding: computes scalars made of constants alone, so that neither XLA nor a run has to.

use super::{Need, Pass, PassError, Query, at, rebuild};
use crate::{
    array::Array,
    graph::{Graph, Kind, Node, Val},
    ops::{Constant, Op},
};

/// Replaces scalars computed from constants by their values, as the interpreter computes them.
///
/// Only scalars: a folded tensor would be a literal larger than what makes it.
pub struct Fold;

impl Pass for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        let mut out = Graph::with_regions_of(graph, graph.phase());
        rebuild(graph, &mut out, |out, v, node, operands| {
            let constants: Option<Vec<Array>> = operands.iter().map(|o| constant(out, *o).cloned()).collect();
            match (&node.kind, constants) {
                (Kind::Pure(op), Some(args)) if is_cheap(node, op) && !args.is_empty() => {
                    let args: Vec<&Array> = args.iter().collect();
                    let value = op.eval(&args, std::slice::from_ref(&node.ty)).pop();
                    out.push(Constant(value.unwrap_or_else(|| Array::zeros(&node.ty))), &[])
                }
                _ => out.copy_node(graph, v, operands),
            }
            .map_err(at(self.name(), node, None))
        })?;
        Ok(out)
    }
}

/// Whether the node is one scalar whose computation has an end that can be seen.
fn is_cheap(node: &Node, op: &Op) -> bool {
    node.ty.rank() == 0 && node.rest.is_empty() && op.regions().is_empty()
}

fn constant(graph: &Graph, v: Val) -> Option<&Array> {
    match graph.op(v) {
        Some(Op::Constant(Constant(value))) => Some(value),
        _ => None,
    }
}
