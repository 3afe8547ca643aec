//! Few buckets: adding many numbers into a table of one or two, as the gradient of a gather does, by sums instead.

use super::{Need, Pass, PassError, Query, any_node, rewrite};
use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{Broadcast, Iota, Op, ReduceSum, ScatterAdd},
    types::{Dims, Ty},
};

/// Adds into a table of so few entries by a sum for each entry over the updates that go there.
///
/// A scatter adds one number after the other: each waits for the one before it to reach its entry, and the fewer entries,
/// the longer. A sum over all updates, zero where they go elsewhere, reads everything once for each entry, but works on
/// several numbers at once. `benches/passes.rs` compares the two; on CPUs they meet at three entries.
pub struct FewBuckets;

/// The largest table.
const BUCKETS: usize = 2;

/// The least number of updates: with fewer, both take no time.
const UPDATES: usize = 1000;

impl Pass for FewBuckets {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_node(graph, &|g, v| matches!(g.op(v), Some(Op::ScatterAdd(_))) && is_few(g, &g.operands(v)))
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

const NAME: &str = "few_buckets";

fn run(graph: &Graph) -> Result<Graph, PassError> {
    rewrite(graph, NAME, run, |out, v, operands, _| match graph.op(v) {
        Some(Op::ScatterAdd(ScatterAdd { axis: 0 })) if is_few(out, operands) => {
            sums(out, operands[0], operands[1], operands[2]).map(Some)
        }
        _ => Ok(None),
    })
}

fn is_few(graph: &Graph, operands: &[Val]) -> bool {
    let [table, index] = [0, 1].map(|i| graph.ty(operands[i]));
    table.rank() == 1 && (1..=BUCKETS).contains(&table.len()) && index.len() >= UPDATES
}

/// `table` with the sum, for each of its entries, of the updates whose index it is. Like a scatter it ignores updates
/// whose index is outside, whatever they are.
fn sums(g: &mut Graph, table: Val, index: Val, updates: Val) -> Result<Val, TypeError> {
    let (entries, dtype) = (g.ty(table).len(), g.ty(index).dtype);
    let mut dims = Dims::from_slice(&[entries]);
    dims.extend(g.ty(index).dims.iter().copied());
    let axes: Dims = (1..dims.len()).collect();
    let over = |g: &mut Graph, x| g.push(Broadcast { dims: dims.clone(), map: axes.clone() }, &[x]);
    let (index, updates) = (over(g, index)?, over(g, updates)?);
    let entry = g.push(Iota { dtype, dims: dims.clone(), axis: 0 }, &[])?;
    let zeros = g.full(&Ty { dtype: g.ty(updates).dtype, dims: dims.clone() }, 0.0)?;
    let here = g.eq(index, entry)?;
    let updates = g.select(here, updates, zeros)?;
    let sums = g.push(ReduceSum { axes }, &[updates])?;
    g.add(table, sums)
}
