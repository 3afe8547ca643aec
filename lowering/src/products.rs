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
    let found: Vec<Option<Factors>> = graph.vals().map(|v| Factors::of(graph, v)).collect();
    let mut in_memory = vec![false; graph.len()];
    found.iter().flatten().for_each(|factors| in_memory[factors.of.index()] = true);
    rebuilt(graph, |out, v, operands, map| {
        let new = match &found[v.index()] {
            Some(factors) => factors.product(out, map)?,
            None => out.copy_node_through(graph, v, operands, products, identity)?,
        };
        // Each row would compute the whole anew.
        if in_memory[v.index()] { out.push(ops::Barrier, &[new]) } else { Ok(new) }
    })
}

/// What a product over the rows of a matrix multiplies: the elements of a value, to which a number may be added.
struct Factors {
    of: Val,
    plus: Option<Val>,
    rows: usize,
    columns: usize,
}

impl Factors {
    fn of(graph: &Graph, v: Val) -> Option<Factors> {
        let Some(Op::ReduceProd(op)) = graph.op(v) else { return None };
        let mut of = graph.operands(v)[0];
        let [rows, columns] = graph.ty(of).dims[..] else { return None };
        if op.axes[..] != [0] || rows == 0 || columns == 0 {
            return None;
        }
        while let Some(Op::Reshape(_)) = graph.op(of) {
            of = graph.operands(of)[0];
        }
        // What a number is added to is in memory already where something else reads it, and need not be with the sum.
        let number = |v: Val| match graph.op(v) {
            Some(Op::Broadcast(_)) => Some(graph.operands(v)[0]).filter(|v| graph.ty(*v).rank() == 0),
            _ => None,
        };
        let sum = match graph.op(of) {
            Some(Op::Add(_)) => Some([graph.operands(of)[0], graph.operands(of)[1]]),
            _ => None,
        };
        let apart = sum.and_then(|[x, y]| match (number(x), number(y)) {
            (Some(plus), None) => Some((y, plus)),
            (None, Some(plus)) => Some((x, plus)),
            _ => None,
        });
        Some(match apart {
            Some((of, plus)) => Factors { of, plus: Some(plus), rows, columns },
            None => Factors { of, plus: None, rows, columns },
        })
    }

    fn product(&self, out: &mut Graph, map: &[Val]) -> Result<Val, TypeError> {
        let all = out.reshape(map[self.of.index()], &[self.rows * self.columns])?;
        let plus = self.plus.map(|plus| map[plus.index()]);
        product(out, (all, plus), self.rows, self.columns)
    }
}

/// The product of the rows of a matrix that lies in memory as a vector, with a number added to each element.
fn product(
    g: &mut Graph,
    (x, plus): (Val, Option<Val>),
    rows: usize,
    columns: usize,
) -> Result<Val, TypeError> {
    let group = rows.div_ceil(ROWS);
    let (width, count) = (group * columns, rows / group);
    let mut groups = lines(g, x, width, count)?;
    if let Some(plus) = plus {
        let plus = g.broadcast_to(plus, &[width])?;
        groups = groups.into_iter().map(|line| g.add(line, plus)).collect::<Result<_, _>>()?;
    }
    let mut total = paired(g, groups, |g, x, y| g.mul(x, y))?;
    if group > 1 {
        // In memory, so that it is made of whole registers.
        total = g.push(ops::Barrier, &[total])?;
        total = product(g, (total, None), group, columns)?;
    }
    match rows - count * group {
        0 => Ok(total),
        rest => {
            let last = line(g, x, count * width, rows * columns)?;
            let last = product(g, (last, plus), rest, columns)?;
            g.mul(total, last)
        }
    }
}
