//! Blocked factorisations: Cholesky factors and triangular systems as loops and products, for CPUs.

use std::collections::BTreeMap;

use super::{PassError, any_node, at, copy_through, rebuild};
use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{
        Compare, Comparison, DotGeneral, Iota, Op,
        blocked::{self, Factor, Triangular},
    },
    types::DType,
};

/// A legalized graph with its Cholesky factors and triangular systems as loops over rows, and products of matrices
/// between blocks of them. Where nothing is to change it is the same graph.
///
/// XLA's CPU compiler has neither; it makes loops of its own, which are ten times slower. Other devices have libraries:
/// so this is no pass of the pipeline, but a step of lowering for CPUs.
///
/// # Errors
/// Never in practice: all nodes have been in the graph.
pub fn blocked(graph: &Graph) -> Result<Graph, PassError> {
    if !any_node(graph, &|graph, v| rows(graph, v).is_some()) {
        return Ok(graph.clone());
    }
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut known = Known::default();
    rebuild(graph, &mut out, |out, v, node, operands| {
        let made = known.made(graph, out, v, operands).map_err(at(NAME, node, None))?;
        made.map_or_else(|| copy_through(out, graph, v, operands, NAME, blocked), Ok)
    })?;
    Ok(out)
}

const NAME: &str = "blocked";

/// The matrix whose rows a factorisation goes through.
fn rows(graph: &Graph, v: Val) -> Option<usize> {
    let matrix = match graph.op(v)? {
        Op::Cholesky(_) | Op::TriangularSolve(_) => graph.operands(v)[0],
        _ => return None,
    };
    let takes = !graph.ty(v).is_empty() && !graph.ty(matrix).is_empty();
    graph.ty(matrix).dims.last().copied().filter(|n| takes && blocked::takes(*n))
}

/// What is known of values of the new graph.
#[derive(Default)]
struct Known {
    /// The transposes of factors and inverses.
    transposes: BTreeMap<Val, Val>,
    /// The inverses of lower triangular matrices.
    inverses: BTreeMap<Val, Val>,
}

impl Known {
    /// What a node becomes, if it does not stay as it is.
    fn made(
        &mut self,
        graph: &Graph,
        out: &mut Graph,
        v: Val,
        operands: &[Val],
    ) -> Result<Option<Val>, TypeError> {
        match graph.op(v) {
            Some(Op::Cholesky(_)) if rows(graph, v).is_some() => {
                let Factor { lower, upper } = blocked::factor(out, operands[0])?;
                self.transposes.insert(lower, upper);
                Ok(Some(lower))
            }
            Some(Op::TriangularSolve(op)) if rows(graph, v).is_some() => {
                if op.left && op.lower && !op.transpose && is_identity(graph, graph.operands(v)[1]) {
                    return self.inverse(out, operands[0], op.unit_diagonal).map(Some);
                }
                let transpose = self.transposes.get(&operands[0]).copied();
                let matrix = operands[0];
                Triangular { matrix, transpose }.solve(out, op, operands[1]).map(Some)
            }
            Some(Op::DotGeneral(dot)) if is_transposed(graph, dot, v) => self.product(out, dot, operands),
            _ => Ok(None),
        }
    }

    fn inverse(&mut self, out: &mut Graph, matrix: Val, unit: bool) -> Result<Val, TypeError> {
        let [inverse, transpose] = blocked::inverse(out, matrix, unit)?;
        self.transposes.insert(inverse, transpose);
        self.inverses.insert(inverse, matrix);
        Ok(inverse)
    }

    /// `Xᵀ Y` for an `X` whose transpose is at hand.
    fn product(&self, out: &mut Graph, dot: &DotGeneral, args: &[Val]) -> Result<Option<Val>, TypeError> {
        let Some(transpose) = self.transposes.get(&args[0]) else { return Ok(None) };
        if args[0] == args[1] && self.inverses.contains_key(&args[0]) {
            return blocked::gram(out, args[0], *transpose).map(Some);
        }
        let mut dot = dot.clone();
        dot.contract[0][0] += 1;
        out.push(dot, &[*transpose, args[1]]).map(Some)
    }
}

/// Whether a contraction is `Xᵀ Y`, matrix by matrix.
fn is_transposed(graph: &Graph, dot: &DotGeneral, v: Val) -> bool {
    let batch = dot.batch.len();
    let plain = dot.batch.iter().enumerate().all(|(i, pair)| *pair == [i, i]);
    let matrices = graph.operands(v).iter().all(|o| graph.ty(*o).rank() == batch + 2);
    plain && matrices && dot.contract.as_slice() == [[batch, batch]]
}

/// Whether a value is the identity, for each matrix of a batch.
fn is_identity(graph: &Graph, v: Val) -> bool {
    let Some(Op::Select(_)) = graph.op(v) else { return false };
    let operands = graph.operands(v);
    let is = |v: Val, x: f64| number(graph, v) == Some(x);
    is(operands[1], 1.0) && is(operands[2], 0.0) && is_diagonal(graph, operands[0])
}

/// The number in every element, if a constant puts it there.
pub(super) fn number(graph: &Graph, v: Val) -> Option<f64> {
    match graph.op(v)? {
        Op::Constant(constant) if constant.0.len() == 1 => constant.0.to_f64_vec().first().copied(),
        Op::Broadcast(_) | Op::Reshape(_) => number(graph, graph.operands(v)[0]),
        _ => None,
    }
}

/// Whether a mask is on where the row is the column, and nowhere else.
fn is_diagonal(graph: &Graph, v: Val) -> bool {
    let along = |v: Val| match graph.op(v) {
        Some(Op::Iota(Iota { axis, dims, dtype: DType::I32 })) if dims.len() == 2 => Some(*axis),
        _ => None,
    };
    match graph.op(v) {
        Some(Op::Compare(Compare(Comparison::Eq))) => {
            graph.operands(v).iter().map(|o| along(*o)).eq([Some(0), Some(1)])
        }
        Some(Op::Broadcast(broadcast)) => {
            let rank = broadcast.dims.len();
            let last = rank >= 2 && broadcast.map.as_slice() == [rank - 2, rank - 1];
            last && is_diagonal(graph, graph.operands(v)[0])
        }
        _ => false,
    }
}
