//! Constant folding: computes scalars made of constants alone, so that neither XLA nor a run has to.

use super::{Need, Pass, PassError, Query, at, in_regions, rebuild};
use crate::{
    array::Array,
    graph::{Graph, Kind, Node, Val},
    ops::{Constant, Op},
};

/// Replaces scalars computed from constants by their values, as the interpreter computes them.
///
/// Only scalars: a folded tensor would be a literal larger than what makes it. In closed graphs inside ops too.
pub struct Fold;

impl Pass for Fold {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

const NAME: &str = "fold";

fn run(graph: &Graph) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    rebuild(graph, &mut out, |out, v, node, operands| {
        let err = at(NAME, node, None);
        match (folded(out, node, operands), &node.kind) {
            (Some(value), _) => out.push(Constant(value), &[]).map_err(err),
            (None, Kind::Pure(op)) => out.push(in_regions(op, run)?, operands).map_err(err),
            (None, _) => out.copy_node(graph, v, operands).map_err(err),
        }
    })?;
    Ok(out)
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
