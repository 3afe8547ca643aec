//! Subtractions of known numbers inside of kernels, as sums.

use std::convert::identity;

use pyroxene_ir::{
    Graph, Op, TypeError, Val,
    ops::{self, Constant},
};

use crate::rebuilt::rebuilt;

/// The graph with `x − c` as `x + (−c)`, the same number. XLA makes the same of it, but then the negative is a computation
/// until a later pass, and one that a loop does not change: it goes out of each loop around it, which each time makes the
/// loop's whole body anew, and again where the number comes back in.
///
/// # Errors
/// Never in practice: what is built is of the types that were in the graph.
pub(crate) fn added_constants(graph: &Graph) -> Result<Graph, TypeError> {
    rebuilt(graph, |out, v, operands, _| {
        if let (Some(Op::Sub(_)), [x, c]) = (graph.op(v), operands)
            && !matches!(out.op(*x), Some(Op::Constant(_)))
            && let Some(negative) = negative(out, *c)?
        {
            return out.add(*x, negative);
        }
        out.copy_node_through(graph, v, operands, added_constants, identity)
    })
}

/// The opposite of a known number, or of a vector of one.
fn negative(out: &mut Graph, c: Val) -> Result<Option<Val>, TypeError> {
    match out.op(c).cloned() {
        Some(Op::Constant(Constant(value))) => {
            let negative = Op::from(ops::Neg).eval(&[&value], &[value.ty()]).pop();
            negative.map(|negative| out.constant(negative)).transpose()
        }
        Some(Op::Broadcast(op)) => {
            let number = out.operands(c)[0];
            let negative = match out.op(number) {
                Some(Op::Constant(_)) => negative(out, number)?,
                _ => None,
            };
            negative.map(|negative| out.push(op, &[negative])).transpose()
        }
        _ => Ok(None),
    }
}
