//! Column-major data: products with a matrix of data and with its transpose, where the matrix stays in the caches.

use super::{
    Need, Pass, PassError, Query, any_graph, at,
    hoist_data::{Facts, Known, Runs, roles},
    out_of_loops::with_known_regions,
    row_blocks::{BYTES, Factors, read_twice},
};
use crate::{
    graph::{Graph, Kind, Val},
    ops::{DotGeneral, Prepare, Transpose},
    types::Dims,
};

/// Makes of `X b` and `Xᵀ r`, for a matrix of data with many rows and few columns, products with its transpose, a copy that is
/// made where data are bound (`hoist_data`): all arithmetic then goes by whole vectors of rows, where XLA's code for the matrix
/// as it lies goes by those of a row, whose rest it takes number by number.
///
/// Larger matrices are `row_blocks`'. Accelerators have their own layouts: the pass runs where it is asked for.
pub struct ColumnMajor;

const NAME: &str = "column_major";

/// Smaller matrices are read in no time.
const SMALLEST: usize = 1 << 10;

/// Rows of so many elements, and of multiples, are whole vectors to XLA's code; of a few vectors it is no better than by
/// columns.
const VECTOR: usize = 8;

/// So many times as many rows as columns at least.
const ROWS_A_COLUMN: usize = 4;

impl ColumnMajor {
    /// Whether the pass may have something to do for a graph that the other passes have gone through.
    pub fn may_apply(graph: &Graph) -> bool {
        any_graph(graph, &|graph| {
            read_twice(graph.vals().filter_map(|v| Factors::of(graph, v)).filter(|f| fits(graph, f)))
        })
    }
}

impl Pass for ColumnMajor {
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
        ColumnMajor::may_apply(graph)
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        by_columns(graph, &roles(graph), Runs::ONCE)
    }
}

/// Whether the matrix lies row by row, has many rows of few columns, and stays in the caches.
fn fits(graph: &Graph, f: &Factors) -> bool {
    let ty = graph.ty(f.matrix);
    let columns = f.columns(graph);
    let is_whole = columns.is_multiple_of(VECTOR) && columns > 2 * VECTOR;
    f.rows == 0
        && columns > 1
        && !is_whole
        && ty.dims[0] >= ROWS_A_COLUMN * columns
        && (SMALLEST..BYTES).contains(&ty.bytes())
}

/// The graph with products by columns; `inputs` says what is known of its inputs.
fn by_columns(graph: &Graph, inputs: &[Known], runs: Runs) -> Result<Graph, PassError> {
    let facts = Facts::of(graph, inputs, runs);
    let live = graph.reachable(graph.outputs());
    let all = graph.vals().filter_map(|v| Factors::of(graph, v));
    let all: Vec<Factors> = all.filter(|f| fits(graph, f) && f.is_of_data(&live, &facts)).collect();
    let turned: Vec<Factors> = all
        .iter()
        .filter(|f| read_twice(all.iter().filter(|o| o.matrix == f.matrix).copied()))
        .copied()
        .collect();
    let (made, once) = rebuilt(graph, &turned, (&facts, runs))?;
    if !Facts::of(&made, inputs, runs).at_every_call(&made, &once) {
        return Ok(made);
    }
    rebuilt(graph, &[], (&facts, runs)).map(|(graph, _)| graph)
}

/// The graph with these products by columns, and the transposes.
fn rebuilt(
    graph: &Graph,
    turned: &[Factors],
    (facts, runs): (&Facts, Runs),
) -> Result<(Graph, Vec<Val>), PassError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut once = Vec::new();
    super::rebuild(graph, &mut out, |out, v, node, operands| {
        let unfit = at(NAME, node, None);
        if let Some(f) = turned.iter().find(|f| f.product == v) {
            let side = usize::from(graph.operands(v)[0] != f.matrix);
            let turn = Transpose { permutation: Dims::from_slice(&[1, 0]) };
            let turned = |out: &mut Graph| {
                let transpose = out.push(turn, &[operands[side]])?;
                once.push(transpose);
                let columns = out.push(Prepare, &[transpose])?;
                let vector = operands[1 - side];
                // XLA's code is best with the matrix on the right of the one and on the left of the other.
                let (pair, factors) =
                    if f.over_rows { ([1, 0], [columns, vector]) } else { ([0, 0], [vector, columns]) };
                out.push(
                    DotGeneral { contract: [pair].into_iter().collect(), batch: Default::default() },
                    &factors,
                )
            };
            return turned(out).map_err(unfit);
        }
        let Kind::Pure(op) = &node.kind else {
            return out.copy_node(graph, v, operands).map_err(unfit);
        };
        let op = with_known_regions(graph, v, op, (facts, runs), by_columns)?;
        out.push(op, operands).map_err(unfit)
    })?;
    Ok((out, once))
}
