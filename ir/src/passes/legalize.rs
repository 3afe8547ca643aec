//! Legalisation: replaces every op that HLO lacks by its expansion in ops that HLO has.

use std::collections::BTreeMap;

use super::{Need, Pass, PassError, Query, at, rebuild};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Operands, Val},
    ops::{Hlo, Op},
    types::Ty,
};

/// Expands ops whose HLO rule is an expansion, until none is left, in closed graphs inside ops too.
pub struct Legalize;

/// How an op becomes HLO over these operands.
fn hlo(graph: &Graph, op: &Op, operands: &[Val]) -> Hlo {
    let tys: Vec<Ty> = operands.iter().map(|o| graph.ty(*o).clone()).collect();
    op.hlo(&tys)
}

fn is_legal(graph: &Graph) -> bool {
    graph.vals().all(|v| {
        let Some(op) = graph.op(v) else { return true };
        let expands = matches!(hlo(graph, op, &graph.operands(v)), Hlo::Expand(_) | Hlo::ExpandOp(_));
        !expands && op.regions().iter().all(|r| is_legal(r))
    })
}

/// The node's results, expanded once if HLO lacks it.
fn legal(out: &mut Graph, op: &Op, operands: &[Val]) -> Result<Operands, TypeError> {
    match hlo(out, op, operands) {
        Hlo::Expand(expand) => expand(out, operands).map(|v| Operands::from_slice(&[v])),
        Hlo::ExpandOp(expand) => expand(op, out, operands),
        _ => out.push_all(op.clone(), operands),
    }
}

fn run(graph: &Graph) -> Result<Graph, PassError> {
    let mut current = graph.clone();
    while !is_legal(&current) {
        let mut out = Graph::with_regions_of(&current, current.phase());
        let mut results: BTreeMap<Val, Operands> = BTreeMap::new();
        rebuild(&current, &mut out, |out, v, node, operands| {
            let err = at("legalize", node, None);
            match &node.kind {
                Kind::Pure(op) => {
                    let made = legal(out, &op.map_regions(run)?, operands).map_err(err)?;
                    let first = made[0];
                    if made.len() > 1 {
                        results.insert(v, made);
                    }
                    Ok(first)
                }
                Kind::Part(i) => Ok(results[&current.operands(v)[0]][*i as usize]),
                _ => out.copy_node(&current, v, operands).map_err(err),
            }
        })?;
        current = out;
    }
    Ok(current)
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

    fn finds(&self, graph: &Graph) -> bool {
        !is_legal(graph)
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}
