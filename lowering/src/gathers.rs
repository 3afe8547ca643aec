//! Gathers inside of kernels: each is made once, for XLA would gather anew in every loop that reads what comes of it.

use std::convert::identity;

use pyroxene_ir::{Graph, Op, TypeError, Val, ops};

use crate::rebuilt::rebuilt;

/// The graph with a barrier where what comes of a gather, element by element, is first read more than once.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub(crate) fn gathers_once(graph: &Graph) -> Result<Graph, TypeError> {
    let users = users(graph);
    let mut shared = vec![false; graph.len()];
    for v in graph.vals().filter(|v| matches!(graph.op(*v), Some(Op::Take(_)))) {
        if let Some(v) = last_alone(graph, &users, v) {
            shared[v.index()] = true;
        }
    }
    rebuilt(graph, |out, v, operands, _| {
        let new = out.copy_node_through(graph, v, operands, gathers_once, identity)?;
        if shared[v.index()] { out.push(ops::Barrier, &[new]) } else { Ok(new) }
    })
}

/// The nodes that read each value and are needed, once for each time they read it.
fn users(graph: &Graph) -> Vec<Vec<Val>> {
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
