//! Vectors inside of kernels that are joined of parts: each part is written to its place, where XLA would ask at each element
//! which part it comes from and compute that there.

use std::convert::identity;

use pyroxene_ir::{Array, Graph, Op, Ty, TypeError, Val, ops};

use crate::rebuilt::rebuilt;

/// The graph with vectors into which parts are written for sums of padded vectors of which no two overlap: the derivatives
/// of a vector's slices.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub(crate) fn joins(graph: &Graph) -> Result<Graph, TypeError> {
    let mut uses = vec![0usize; graph.len()];
    graph.vals().for_each(|v| graph.operands(v).iter().for_each(|o| uses[o.index()] += 1));
    graph.outputs().iter().for_each(|v| uses[v.index()] += 2);
    let mut parts: Vec<Option<Vec<Part>>> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        parts.push(parts_of(graph, v, &parts));
    }
    // A sum that goes into another one alone is no vector of its own.
    let mut inner = vec![false; graph.len()];
    for v in graph.vals().filter(|v| is_made(graph, *v) && parts[v.index()].is_some()) {
        for o in graph.operands(v) {
            inner[o.index()] = uses[o.index()] == 1;
        }
    }
    rebuilt(graph, |out, v, operands, map| match &parts[v.index()] {
        Some(parts) if is_made(graph, v) && !inner[v.index()] => joined(out, graph.ty(v), parts, map),
        _ => out.copy_node_through(graph, v, operands, joins, identity),
    })
}

/// A vector and where it stands in another one.
#[derive(Clone, Copy)]
struct Part {
    start: usize,
    end: usize,
    vector: Val,
    negative: bool,
}

/// Whether a node can be made of the parts of its operands.
fn is_made(graph: &Graph, v: Val) -> bool {
    matches!(graph.op(v), Some(Op::Add(_) | Op::Neg(_)))
}

/// The parts of a vector which is zero elsewhere, in their order, if it is made of such.
fn parts_of(graph: &Graph, v: Val, parts: &[Option<Vec<Part>>]) -> Option<Vec<Part>> {
    let operands = graph.operands(v);
    match graph.op(v)? {
        Op::Pad(pad) if graph.ty(v).rank() == 1 && pad.interior[0] == 0 && graph.ty(v).dtype.is_float() => {
            let end = graph.ty(v).len() - pad.high[0];
            Some(vec![Part { start: pad.low[0], end, vector: operands[0], negative: false }])
        }
        Op::Add(_) => {
            let both = operands.iter().map(|o| parts[o.index()].as_deref()).collect::<Option<Vec<_>>>()?;
            let mut all = both.concat();
            all.sort_by_key(|part| (part.start, part.end));
            all.windows(2).all(|pair| pair[0].end <= pair[1].start).then_some(all)
        }
        Op::Neg(_) => {
            let turned = |part: &Part| Part { negative: !part.negative, ..*part };
            Some(parts[operands[0].index()].as_ref()?.iter().map(turned).collect())
        }
        _ => None,
    }
}

/// The vector of these parts: zeros, into which one part after the other is written.
fn joined(out: &mut Graph, ty: &Ty, parts: &[Part], map: &[Val]) -> Result<Val, TypeError> {
    let zero = out.push(ops::Constant(Array::zeros(&Ty::new(ty.dtype, []))), &[])?;
    // XLA makes a padded vector again of what is written into a constant.
    let zeros = out.broadcast_to(zero, &ty.dims)?;
    let zeros = out.push(ops::Barrier, &[zeros])?;
    parts.iter().try_fold(zeros, |vector, part| {
        let own = map[part.vector.index()];
        let own = if part.negative { negative(out, own)? } else { own };
        let start = out.push(ops::Constant(Array::scalar(part.start as i64)), &[])?;
        out.push(ops::DynamicUpdateSlice, &[vector, own, start])
    })
}

/// The opposite of a vector; of a number's reshape that of the number, as XLA would have it.
fn negative(out: &mut Graph, vector: Val) -> Result<Val, TypeError> {
    let Some(Op::Reshape(reshape)) = out.op(vector).cloned() else { return out.push(ops::Neg, &[vector]) };
    let number = out.operands(vector)[0];
    let negative = out.push(ops::Neg, &[number])?;
    out.push(reshape, &[negative])
}
