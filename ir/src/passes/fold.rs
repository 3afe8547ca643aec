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
            match folded(out, node, operands) {
                Some(value) => out.push(Constant(value), &[]),
                None => out.copy_node(graph, v, operands),
            }
            .map_err(at(self.name(), node, None))
        })?;
        Ok(out)
    }
}

/// The value of a node that is one scalar made of constants.
fn folded(out: &Graph, node: &Node, operands: &[Val]) -> Option<Array> {
    let Kind::Pure(op) = &node.kind else { return None };
    // A loop over constants may take long, or for ever.
    if node.ty.rank() > 0 || !node.rest.is_empty() || operands.is_empty() || !op.regions().is_empty() {
        return None;
    }
    let args: Vec<&Array> = operands.iter().map(|o| constant(out, *o)).collect::<Option<_>>()?;
    op.eval(&args, std::slice::from_ref(&node.ty)).pop()
}

fn constant(graph: &Graph, v: Val) -> Option<&Array> {
    match graph.op(v) {
        Some(Op::Constant(Constant(value))) => Some(value),
        _ => None,
    }
}
