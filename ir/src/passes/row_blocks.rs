//! Row blocks: products with a matrix of data and with its transpose, in one pass over blocks of the matrix's rows.

use super::{
    Need, Pass, PassError, Query, any_graph, at,
    hoist_data::{Facts, Known, Runs, roles},
    out_of_loops::with_known_regions,
    row_loops,
};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Operands, Val},
    ops::{Broadcast, Cost, DotGeneral, Op, ReduceSum},
    types::Ty,
};

/// Makes of `η = X b`, sums of what is computed of η row by row, and `Xᵀ r` for an `r` computed so, one loop over blocks of
/// the rows of `X`: a block is read once and is in the processor's cache when it is wanted again.
///
/// The blocks lie column by column, in a copy of the data made where they are bound (`hoist_data`): so all that is computed
/// goes by as many rows at once as the processor's vectors hold, however many columns there are. The loop is a part of a
/// kernel and runs in one thread, which is what processors are good at and accelerators are not: the pass runs where it is
/// asked for.
pub struct RowBlocks;

const NAME: &str = "row_blocks";

/// Matrices of fewer bytes stay in the caches, where reading them twice costs little.
pub(super) const BYTES: usize = 1 << 20;

/// Fewer rows are too few blocks.
const ROWS: usize = 2048;

/// With fewer columns there is little to read; with more a block leaves the caches.
const COLUMNS: std::ops::RangeInclusive<usize> = 4..=256;

impl RowBlocks {
    /// Whether the pass may have something to do for a graph that the other passes have gone through: whether vectors are
    /// multiplied by a matrix of many rows twice.
    pub fn may_apply(graph: &Graph) -> bool {
        any_graph(graph, &|graph| {
            let products = graph.vals().filter_map(|v| Factors::of(graph, v));
            read_twice(products.filter(|f| f.fill_blocks(graph)))
        })
    }
}

impl Pass for RowBlocks {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, query: Query) -> bool {
        query.runs_often()
    }

    fn need(&self) -> Need {
        Need::OnRequest
    }

    fn finds(&self, graph: &Graph) -> bool {
        RowBlocks::may_apply(graph)
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        in_blocks(graph, &roles(graph), Runs::ONCE)
    }
}

/// Whether two of the products read one matrix.
pub(super) fn read_twice(products: impl Iterator<Item = Factors>) -> bool {
    let mut matrices: Vec<Val> = products.map(|f| f.matrix).collect();
    let all = matrices.len();
    matrices.sort_unstable();
    matrices.dedup();
    matrices.len() < all
}

/// The graph with loops over blocks; `inputs` says what is known of its inputs.
fn in_blocks(graph: &Graph, inputs: &[Known], runs: Runs) -> Result<Graph, PassError> {
    let mut current = through(graph, &Facts::of(graph, inputs, runs), runs)?;
    loop {
        let facts = Facts::of(&current, inputs, runs);
        let Some(found) = Found::of(&current, &facts) else { return Ok(current) };
        let unfit = |source: TypeError| PassError::Type {
            pass: NAME,
            site: None,
            loc: current.node(found.forward[0].product).loc.clone(),
            source: Box::new(source),
        };
        let (next, once) = row_loops::built(&current, &found).map_err(unfit)?;
        if Facts::of(&next, inputs, runs).at_every_call(&next, &once) {
            return Ok(current);
        }
        current = next;
    }
}

/// The graph as it is, what is inside of its ops in blocks.
fn through(graph: &Graph, facts: &Facts, runs: Runs) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    super::rebuild(graph, &mut out, |out, v, node, operands| {
        let Kind::Pure(op) = &node.kind else {
            return out.copy_node(graph, v, operands).map_err(at(NAME, node, None));
        };
        let op = with_known_regions(graph, v, op, (facts, runs), in_blocks)?;
        out.push(op, operands).map_err(at(NAME, node, None))
    })?;
    Ok(out)
}

/// A product of a matrix and a vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors {
    pub(super) product: Val,
    pub(super) matrix: Val,
    pub(super) vector: Val,
    /// The dimension along the matrix's rows: the longer one is taken to count them.
    pub(super) rows: usize,
    /// Whether the vector has an element for each row, as that of `Xᵀ r` has.
    pub(super) over_rows: bool,
}

impl Factors {
    pub(super) fn of(graph: &Graph, product: Val) -> Option<Factors> {
        let Some(Op::DotGeneral(DotGeneral { contract, batch })) = graph.op(product) else { return None };
        let operands = graph.operands(product);
        let rank = |i: usize| graph.ty(operands[i]).rank();
        let side = match (rank(0), rank(1)) {
            (2, 1) => 0,
            (1, 2) => 1,
            _ => return None,
        };
        let (matrix, vector) = (operands[side], operands[1 - side]);
        let Ty { dims, dtype } = graph.ty(matrix);
        let rows = usize::from(dims[1] > dims[0]);
        let [pair] = contract.as_slice() else { return None };
        let fits = batch.is_empty() && dtype.is_float();
        fits.then(|| Factors { product, matrix, vector, rows, over_rows: pair[side] == rows })
    }

    /// Whether the product is read at all, and one set of data decides the matrix.
    pub(super) fn is_of_data(&self, live: &[bool], facts: &Facts) -> bool {
        live[self.product.index()] && facts.is_data(self.matrix) && !facts.is_stacked(self.matrix)
    }

    /// Whether the matrix is worth being divided.
    fn fill_blocks(&self, graph: &Graph) -> bool {
        let ty = graph.ty(self.matrix);
        ty.dims[self.rows] >= ROWS && COLUMNS.contains(&self.columns(graph)) && ty.bytes() >= BYTES
    }

    /// The number of columns of the matrix.
    pub(super) fn columns(&self, graph: &Graph) -> usize {
        graph.ty(self.matrix).dims[1 - self.rows]
    }
}

/// What becomes one loop.
#[derive(Debug)]
pub(super) struct Found {
    /// The number of rows.
    pub(super) rows: usize,
    /// Products with an element for each row.
    pub(super) forward: Vec<Factors>,
    /// Products of what is computed from those with matrices' transposes.
    pub(super) backward: Vec<Factors>,
    /// Sums over all rows of what is computed from the products.
    pub(super) sums: Vec<Val>,
    /// What is computed row by row in the loop.
    pub(super) inside: Vec<bool>,
    /// What waits for the loop.
    pub(super) after: Vec<bool>,
}

impl Found {
    /// The first products of the graph that a loop can be made of.
    fn of(graph: &Graph, facts: &Facts) -> Option<Found> {
        let live = graph.reachable(graph.outputs());
        let of_data = |f: &Factors| f.fill_blocks(graph) && f.is_of_data(&live, facts);
        let all: Vec<Factors> = graph.vals().filter_map(|v| Factors::of(graph, v)).filter(of_data).collect();
        let mut tried = Vec::new();
        for first in all.iter().filter(|f| !f.over_rows && !facts.is_data(f.vector)) {
            let rows = graph.ty(first.product).len();
            if !tried.contains(&rows) {
                tried.push(rows);
                let of = all.iter().filter(|f| graph.ty(f.matrix).dims[f.rows] == rows);
                let of: Vec<Factors> = of.copied().collect();
                if let Some(found) = Found::over(graph, facts, &of, &live, rows) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// What the products with matrices of so many rows are part of, if all of that fits into one loop.
    fn over(graph: &Graph, facts: &Facts, products: &[Factors], live: &[bool], rows: usize) -> Option<Found> {
        let mut found = Found {
            rows,
            forward: Vec::new(),
            backward: Vec::new(),
            sums: Vec::new(),
            inside: vec![false; graph.len()],
            after: vec![false; graph.len()],
        };
        // What comes of a product, inside of the loop or after it.
        for v in graph.vals().filter(|v| live[v.index()]) {
            let operands = graph.operands(v);
            let after = operands.iter().any(|o| found.after[o.index()]);
            let reads = operands.iter().any(|o| found.inside[o.index()]);
            let product = products.iter().find(|f| f.product == v);
            found.after[v.index()] = after;
            match (graph.op(v), product) {
                (_, Some(f)) if !f.over_rows && !after && !reads && !facts.is_data(f.vector) => {
                    found.forward.push(*f);
                    found.inside[v.index()] = true;
                }
                _ if !reads => {}
                // The loop ends before what this reads is there.
                _ if after => return None,
                (_, Some(f)) if f.over_rows => {
                    found.backward.push(*f);
                    found.after[v.index()] = true;
                }
                (Some(Op::ReduceSum(ReduceSum { .. })), _) if graph.ty(v).rank() == 0 => {
                    found.sums.push(v);
                    found.after[v.index()] = true;
                }
                (Some(op), _) if op.is_elementwise() && graph.ty(v).dims.as_slice() == [rows] => {
                    found.inside[v.index()] = true;
                }
                // Something reads all rows at once.
                _ => return None,
            }
        }
        let is_read = graph.outputs().iter().any(|v| found.inside[v.index()]);
        let twice = found.backward.iter().any(|b| found.forward.iter().any(|f| f.matrix == b.matrix));
        (twice && !is_read).then(|| found.with_light(graph))
    }

    /// With what costs nothing to compute in the loop, and would else be written for all rows before it.
    fn with_light(mut self, graph: &Graph) -> Found {
        let is_light = |v: Val| match graph.op(v) {
            Some(Op::Broadcast(Broadcast { map, .. })) => map.is_empty(),
            Some(Op::Prepare(_) | Op::Barrier(_)) | None => false,
            Some(op) => op.is_elementwise() && matches!(op.cost(), Cost::Shape | Cost::Arithmetic),
        };
        let mut next: Vec<Val> = graph.vals().filter(|v| self.inside[v.index()]).collect();
        while let Some(v) = next.pop() {
            if self.forward.iter().any(|f| f.product == v) {
                continue;
            }
            let light = |o: &Val| !self.inside[o.index()] && is_light(*o) && graph.ty(*o).rank() == 1;
            let operands: Operands = graph.operands(v).into_iter().filter(light).collect();
            for o in operands {
                self.inside[o.index()] = true;
                next.push(o);
            }
        }
        self
    }
}
