//! Gathers and products inside of kernels: what comes of one is made once, where XLA would make it anew in every loop that reads it.

use std::convert::identity;

use pyroxene_ir::{Graph, Op, TypeError, Val, ops};

use crate::rebuilt::rebuilt;

/// So many operations on an element cost more than to write and read it.
const WORTH_WRITING: usize = 3;

/// The graph with a barrier where what comes of a gather, element by element, is first read more than once; of a product with
/// a matrix too, if more than a little comes of it: itself it is in memory.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub(crate) fn made_once(graph: &Graph) -> Result<Graph, TypeError> {
    let users = users(graph);
    let mut shared = vec![false; graph.len()];
    let work = work(graph);
    for v in graph.vals() {
        let least = match graph.op(v) {
            Some(Op::Take(_)) => 0,
            Some(Op::DotGeneral(_)) => WORTH_WRITING,
            _ => continue,
        };
        if let Some(v) = last_alone(graph, &users, v).filter(|v| work[v.index()] >= least) {
            shared[v.index()] = true;
        }
    }
    rebuilt(graph, |out, v, operands, _| {
        let new = out.copy_node_through(graph, v, operands, made_once, identity)?;
        if shared[v.index()] { out.push(ops::Barrier, &[new]) } else { Ok(new) }
    })
}

/// How many operations make an element of each value from what is in memory.
fn work(graph: &Graph) -> Vec<usize> {
    let mut work: Vec<usize> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands = graph.operands(v);
        let is_made = operands.iter().any(|o| is_elementwise(graph, v, *o));
        let before = operands.iter().fold(0, |sum: usize, o| sum.saturating_add(work[o.index()]));
        work.push(if is_made { before.saturating_add(1) } else { 0 });
    }
    work
}

/// The nodes that read each value and are needed, once for each time they read it.
pub(crate) fn users(graph: &Graph) -> Vec<Vec<Val>> {
    let mut users = vec![Vec::new(); graph.len()];
    let live = graph.reachable(graph.outputs());
    for v in graph.vals().filter(|v| live[v.index()]) {
        graph.operands(v).iter().for_each(|o| users[o.index()].push(v));
    }
    users
}

/// What comes of `v` alone and element by element, and is read by several; nothing where it ends otherwise.
fn last_alone(graph: &Graph, users: &[Vec<Val>], v: Val) -> Option<Val> {
    let mut v = v;
    loop {
        match users[v.index()].as_slice() {
            [user] if is_elementwise(graph, *user, v) => v = *user,
            [] | [_] => return None,
            _ => return Some(v),
        }
    }
}

/// Whether each element of `user` comes from the same element of `v`.
fn is_elementwise(graph: &Graph, user: Val, v: Val) -> bool {
    let is_same = |dims: &[usize]| *dims == *graph.ty(v).dims;
    graph.op(user).is_some_and(|op| op.is_elementwise()) && is_same(&graph.ty(user).dims)
}
