//! Products over the rows of a matrix inside of kernels: rows are multiplied with each other by whole registers.

use std::convert::identity;

use pyroxene_ir::{Graph, Op, TypeError, Val, ops};

use crate::{
    rebuilt::rebuilt,
    slices::{line, lines, paired},
};

/// So many rows are multiplied with each other at once.
const ROWS: usize = 64;

/// The graph of a kernel whose products over the leading dimension of a matrix are products of its rows, paired off. XLA
/// multiplies the elements of one column after the other, each with the one before, and makes a function of that.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub(crate) fn products(graph: &Graph) -> Result<Graph, TypeError> {
    rebuilt(graph, |out, v, operands, _| {
        let rows_and_columns = match graph.op(v) {
            Some(Op::ReduceProd(op)) if op.axes[..] == [0] => match graph.ty(graph.operands(v)[0]).dims[..] {
                [rows, columns] if rows > 0 && columns > 0 => Some((rows, columns)),
                _ => None,
            },
            _ => None,
        };
        let Some((rows, columns)) = rows_and_columns else {
            return out.copy_node_through(graph, v, operands, products, identity);
        };
        let all = out.reshape(operands[0], &[rows * columns])?;
        // Each row would compute the whole anew.
        let all = out.push(ops::Barrier, &[all])?;
        product(out, all, rows, columns)
    })
}

/// The product of the rows of a matrix that lies in memory as a vector.
fn product(g: &mut Graph, x: Val, rows: usize, columns: usize) -> Result<Val, TypeError> {
    let group = rows.div_ceil(ROWS);
    let (width, count) = (group * columns, rows / group);
    let groups = lines(g, x, width, count)?;
    let mut total = paired(g, groups, |g, x, y| g.mul(x, y))?;
    if group > 1 {
        // In memory, so that it is made of whole registers.
        total = g.push(ops::Barrier, &[total])?;
        total = product(g, total, group, columns)?;
    }
    match rows - count * group {
        0 => Ok(total),
        rest => {
            let last = line(g, x, count * width, rows * columns)?;
            let last = product(g, last, rest, columns)?;
            g.mul(total, last)
        }
    }
}
