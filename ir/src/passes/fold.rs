//! Constant folding: computes scalars made of constants alone, so that neither XLA nor a run has to.

use smallvec::SmallVec;

use super::{Need, Pass, PassError, Query, any_node, rewrite};
use crate::{
    array::Array,
    graph::{Graph, Val},
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

    fn finds(&self, graph: &Graph) -> bool {
        any_node(graph, &|g, v| folded(g, v, g, &g.operands(v)).is_some())
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

const NAME: &str = "fold";

fn run(graph: &Graph) -> Result<Graph, PassError> {
    rewrite(graph, NAME, run, |out, v, operands, _| {
        folded(graph, v, out, operands).map(|value| out.push(Constant(value), &[])).transpose()
    })
}

/// The value of a node that is one scalar made of constants, as its operands in `out` are.
fn folded(graph: &Graph, v: Val, out: &Graph, operands: &[Val]) -> Option<Array> {
    let (node, op) = (graph.node(v), graph.op(v)?);
    // A loop over constants may take long, or for ever.
    if node.ty.rank() > 0 || !node.rest.is_empty() || operands.is_empty() || !op.regions().is_empty() {
        return None;
    }
    let args: SmallVec<[&Array; 4]> = operands.iter().map(|o| constant(out, *o)).collect::<Option<_>>()?;
    op.eval(&args, std::slice::from_ref(&node.ty)).pop()
}

fn constant(graph: &Graph, v: Val) -> Option<&Array> {
    match graph.op(v) {
        Some(Op::Constant(Constant(value))) => Some(value),
        _ => None,
    }
}
