//! Dropping terms of the potential that no latent value changes: a sampler that compares potentials never sees them.

use super::{Need, Pass, PassError, Query, at, rebuild, vjp::influences};
use crate::{
    graph::{Graph, Role, Val},
    ops::Op,
};

/// Leaves out what the position does not change where it is added to what the potential sums up. The potential, and so
/// the log density, changes by a number; its gradient does not change. Hence the pass runs only where it is asked for.
pub struct DropConstants;

impl Pass for DropConstants {
    fn name(&self) -> &'static str {
        "drop_constants"
    }

    fn applies(&self, query: Query) -> bool {
        matches!(query, Query::Potential | Query::PotentialAndGradient)
    }

    fn need(&self) -> Need {
        Need::OnRequest
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        let is_position = |v: &Val| graph.input_of(*v).is_some_and(|i| i.role == Role::Position);
        let position: Vec<Val> = graph.inputs().iter().copied().filter(is_position).collect();
        let varies = influences(graph, &position);
        let summed = summed(graph, &varies);
        let mut out = Graph::with_regions_of(graph, graph.phase());
        rebuild(graph, &mut out, |out, v, node, new| {
            let old = graph.operands(v);
            let varying: Vec<bool> = old.iter().map(|o| varies[o.index()]).collect();
            let made = match (graph.op(v).filter(|_| summed[v.index()]), &varying[..]) {
                (Some(Op::Add(_) | Op::Sub(_)), [true, false]) => Ok(new[0]),
                (Some(Op::Add(_)), [false, true]) => Ok(new[1]),
                (Some(Op::Sub(_)), [false, true]) => out.neg(new[1]),
                _ => out.copy_node(graph, v, new),
            };
            made.map_err(at(self.name(), node, None))
        })?;
        Ok(out)
    }
}

/// Whether each value has a part in the first output only: as a summand, times or under what the position does not
/// change. A number added to such a value adds a number to the output.
fn summed(graph: &Graph, varies: &[bool]) -> Vec<bool> {
    // A value that has a part in something else too is none.
    let (mut summed, mut spoilt) = (vec![false; graph.len()], vec![false; graph.len()]);
    let Some((root, others)) = graph.outputs().split_first() else { return summed };
    summed[root.index()] = true;
    others.iter().for_each(|v| spoilt[v.index()] = true);
    let live = graph.reachable(graph.outputs());
    for v in graph.vals().rev().filter(|v| live[v.index()]) {
        let whole = summed[v.index()] && !spoilt[v.index()];
        summed[v.index()] = whole;
        let operands = graph.operands(v);
        let fixed = |slot: usize| !varies[operands[slot].index()];
        for (slot, o) in operands.iter().enumerate() {
            let is_summand = match graph.op(v) {
                Some(Op::Add(_) | Op::Sub(_) | Op::Neg(_) | Op::ReduceSum(_)) => true,
                Some(Op::Reshape(_) | Op::Broadcast(_) | Op::Transpose(_)) => true,
                Some(Op::Convert(to)) => to.dtype.is_float() && graph.ty(*o).dtype.is_float(),
                Some(Op::Mul(_)) => fixed(1 - slot),
                Some(Op::Div(_)) => slot == 0 && fixed(1),
                Some(Op::Select(_)) => slot > 0 && fixed(0),
                _ => false,
            };
            let part = if whole && is_summand { &mut summed } else { &mut spoilt };
            part[o.index()] = true;
        }
    }
    summed
}
