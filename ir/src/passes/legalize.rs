//! Legalisation: replaces every op that HLO lacks by its expansion in ops that HLO has.

use super::{Need, Pass, PassError, Query, at, rebuild};
use crate::{
    graph::{Graph, Kind, Val},
    ops::{Hlo, Op},
    types::Ty,
};

/// Expands ops whose HLO rule is [`Hlo::Expand`], until none is left.
pub struct Legalize;

/// How an op expands, if it does.
fn expansion(graph: &Graph, op: &Op, operands: &[Val]) -> Option<Hlo> {
    let tys: Vec<Ty> = operands.iter().map(|o| graph.ty(*o).clone()).collect();
    let hlo = op.hlo(&tys);
    matches!(hlo, Hlo::Expand(_)).then_some(hlo)
}

fn is_legal(graph: &Graph) -> bool {
    graph.vals().all(|v| graph.op(v).is_none_or(|op| expansion(graph, op, &graph.operands(v)).is_none()))
}

impl Pass for Legalize {
    fn name(&self) -> &'static str {
        "legalize"
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Required
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        let mut current = graph.clone();
        while !is_legal(&current) {
            let mut out = Graph::with_regions_of(&current, current.phase());
            rebuild(&current, &mut out, |out, v, node, operands| {
                let expand = match &node.kind {
                    Kind::Pure(op) => expansion(out, op, operands),
                    _ => None,
                };
                match expand {
                    Some(Hlo::Expand(expand)) => expand(out, operands),
                    _ => out.copy_node(&current, v, operands),
                }
                .map_err(at(self.name(), node, None))
            })?;
            current = out;
        }
        Ok(current)
    }
}
