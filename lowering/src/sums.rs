//! Sums inside of kernels of programs that run often: by slices and additions, for a sum of XLA's costs each run of a program.

use std::convert::identity;

use pyroxene_ir::{Graph, Kind, Op, TypeError, Val, ops};

use crate::{
    rebuilt::rebuilt,
    slices::{self, line, paired},
};

/// Numbers of a line that are added to those of another at once: one or two vectors of a CPU.
const LANES: usize = 8;

/// Lines that are added to one. XLA itself sums by so many numbers.
const LINES: usize = 32;

/// The graph whose kernels add the elements of arrays up by slices and additions of these.
///
/// XLA's CPU client makes an object at each run for each value of a computation that a program calls, which are three for a
/// sum, and six for one of more than 32 elements: 0.09 us each. Additions are paired off, so that the error of a sum grows
/// as the logarithm of its length. What is made of constants, or one number many times, stays a sum, which XLA does without.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub fn sums_by_slices(graph: &Graph) -> Result<Graph, TypeError> {
    rebuilt(graph, |out, v, operands, _| {
        let is_kernel = matches!(graph.op(v), Some(Op::Fence(fence)) if fence.kernel);
        let inside = if is_kernel { in_kernel } else { sums_by_slices };
        out.copy_node_through(graph, v, operands, inside, identity)
    })
}

fn in_kernel(graph: &Graph) -> Result<Graph, TypeError> {
    let uniform = uniform(graph);
    rebuilt(graph, |out, v, operands, _| match graph.op(v) {
        Some(Op::ReduceSum(_)) if is_of_all(graph, v) && !uniform[graph.operands(v)[0].index()] => {
            let len = out.ty(operands[0]).len();
            let flat = out.reshape(operands[0], &[len])?;
            // Each slice would compute the whole anew.
            let flat = out.push(ops::Barrier, &[flat])?;
            sum(out, flat, len)
        }
        _ => out.copy_node_through(graph, v, operands, in_kernel, identity),
    })
}

/// Whether a sum is one of all elements, of which there are some.
fn is_of_all(graph: &Graph, v: Val) -> bool {
    graph.ty(v).rank() == 0 && !graph.ty(graph.operands(v)[0]).is_empty()
}

/// Which values are made of constants or are one number many times.
fn uniform(graph: &Graph) -> Vec<bool> {
    let mut uniform: Vec<bool> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands = graph.operands(v);
        let is_made = matches!(&graph.node(v).kind, Kind::Pure(op) if !matches!(op, Op::Barrier(_)));
        let one = |o: &Val| uniform[o.index()] || graph.ty(*o).len() == 1;
        let spreads = |op: &Op| op.is_elementwise() || matches!(op, Op::Broadcast(_) | Op::Reshape(_));
        let is_uniform = operands.iter().all(|o| uniform[o.index()])
            || graph.op(v).is_some_and(spreads) && operands.iter().all(one);
        uniform.push(is_made && is_uniform);
    }
    uniform
}

/// The sum of a vector that is in memory.
fn sum(g: &mut Graph, x: Val, len: usize) -> Result<Val, TypeError> {
    let lanes = if len <= LANES { 1 } else { LANES * len.div_ceil(LANES * LINES) };
    let lines = len / lanes;
    let all = slices::lines(g, x, lanes, lines)?;
    let mut total = paired(g, all, |g, x, y| g.add(x, y))?;
    if lanes > 1 {
        // In memory, so that it is made of whole vectors.
        total = g.push(ops::Barrier, &[total])?;
        total = sum(g, total, lanes)?;
    }
    total = g.reshape(total, &[])?;
    match len - lines * lanes {
        0 => Ok(total),
        rest => {
            let last = line(g, x, len - rest, len)?;
            let last = sum(g, last, rest)?;
            g.add(total, last)
        }
    }
}
