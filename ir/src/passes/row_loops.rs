//! The loop over blocks of a matrix's rows that `row_blocks` makes, and what is left of the rows after it.

use std::sync::Arc;

use super::row_blocks::{Factors, Found};
use crate::{
    error::TypeError,
    graph::{Graph, Operands, Val},
    ops::{DynamicSlice, DynamicUpdateSlice, Op, Prepare, ReduceSum, Slice, Transpose, While, closed},
    types::{DType, Dims, Ty},
};

/// The bytes of a block: it should stay in the second cache with what is computed of it.
const BLOCK: usize = 1 << 19;

/// The rows of a block, where the columns are not too many.
const ROWS: usize = 512;

/// The sums over the rows of a block are so many, a row of each in turn: several vectors, so that no addition waits for the
/// one before.
const LANES: usize = 64;

/// What so many numbers are added up in fits into kernels.
const SUMS: usize = 4096;

/// So many columns are multiplied and added at once.
const UNROLLED: std::ops::RangeInclusive<usize> = 4..=8;

/// How a loop goes over the rows.
#[derive(Clone, Copy)]
struct Blocks {
    /// The rows of each block, and the number of blocks.
    rows: usize,
    count: usize,
    /// The rows after the last block.
    rest: usize,
}

impl Blocks {
    fn of(rows: usize, widest: usize, dtype: DType) -> Blocks {
        let most = (BLOCK / (widest * dtype.size())).clamp(1, ROWS);
        let block = 1 << most.ilog2();
        Blocks { rows: block, count: rows / block, rest: rows % block }
    }

    /// How many sums a column has.
    fn lanes(&self, columns: usize) -> usize {
        1 << LANES.min(SUMS / columns).clamp(1, self.rows).ilog2()
    }
}

/// The graph with the loop in place of what it computes, and the values that must be computed once.
pub(super) fn built(graph: &Graph, found: &Found) -> Result<(Graph, Vec<Val>), TypeError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Option<Val>> = vec![None; graph.len()];
    let copy = |out: &mut Graph, map: &mut Vec<Option<Val>>, v: Val| -> Result<(), TypeError> {
        let operands: Option<Operands> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        // What is computed in the loop alone is not there, nor is what would read it.
        if let Some(operands) = operands {
            out.set_loc(graph.node(v).loc.clone());
            map[v.index()] = Some(out.copy_node(graph, v, &operands)?);
        }
        Ok(())
    };
    let in_loop = |v: Val| found.forward.iter().any(|f| f.product == v);
    for v in graph.vals().filter(|v| !found.after[v.index()] && !in_loop(*v)) {
        copy(&mut out, &mut map, v)?;
    }
    out.set_loc(graph.node(found.forward[0].product).loc.clone());
    let loops = Loops::new(graph, found);
    let once = loops.build(&mut out, &mut map)?;
    for v in graph.vals().filter(|v| found.after[v.index()]) {
        if map[v.index()].is_none() {
            copy(&mut out, &mut map, v)?;
        }
    }
    out.set_loc(None);
    out.set_outputs(graph.outputs().iter().filter_map(|v| map[v.index()]));
    Ok((out, once))
}

/// The loop and what it reads of what is outside.
struct Loops<'a> {
    graph: &'a Graph,
    found: &'a Found,
    blocks: Blocks,
    /// One product of each matrix.
    matrices: Vec<Factors>,
    /// What stands in each row alike, made of no constants.
    numbers: Vec<Val>,
    /// What has a value for each row.
    given: Vec<Val>,
}

/// What is read of outside, in a graph that is being made.
struct Read<'a> {
    numbers: &'a [Val],
    given: &'a [Val],
    /// The products with an element for each row.
    products: &'a [Val],
}

impl<'a> Loops<'a> {
    fn new(graph: &'a Graph, found: &'a Found) -> Loops<'a> {
        let mut matrices: Vec<Factors> = Vec::new();
        for f in found.forward.iter().chain(&found.backward) {
            if matrices.iter().all(|other| other.matrix != f.matrix) {
                matrices.push(*f);
            }
        }
        let widest = matrices.iter().map(|f| f.columns(graph)).max().unwrap_or(1);
        let blocks = Blocks::of(found.rows, widest, graph.ty(found.forward[0].product).dtype);
        let mut loops = Loops { graph, found, blocks, matrices, numbers: Vec::new(), given: Vec::new() };
        let inside: Vec<Val> =
            graph.vals().filter(|v| found.inside[v.index()] && !loops.is_product(*v)).collect();
        let read = inside.iter().flat_map(|v| graph.operands(*v)).filter(|o| !found.inside[o.index()]);
        for o in read.filter(|o| constant(graph, *o).is_none()) {
            let list = if graph.ty(o).rank() == 0 { &mut loops.numbers } else { &mut loops.given };
            if !list.contains(&o) {
                list.push(o);
            }
        }
        loops
    }

    fn is_product(&self, v: Val) -> bool {
        self.found.forward.iter().any(|f| f.product == v)
    }

    fn matrix(&self, v: Val) -> usize {
        self.matrices.iter().position(|f| f.matrix == v).unwrap_or(0)
    }

    /// Builds the loop and notes its results; returns what must be computed once.
    fn build(&self, out: &mut Graph, map: &mut [Option<Val>]) -> Result<Vec<Val>, TypeError> {
        let Found { forward, backward, sums, .. } = self.found;
        let at = |v: Val| map[v.index()].ok_or_else(|| missing(self.graph, v));
        let all = |vals: &[Val]| vals.iter().map(|v| at(*v)).collect::<Result<Vec<_>, _>>();
        let matrices = all(&self.matrices.iter().map(|f| f.matrix).collect::<Vec<_>>())?;
        let vectors = all(&forward.iter().map(|f| f.vector).collect::<Vec<_>>())?;
        let (numbers, given) = (all(&self.numbers)?, all(&self.given)?);
        let mut once = Vec::new();
        let mut layouts = Vec::new();
        for (f, matrix) in self.matrices.iter().zip(&matrices) {
            let laid = self.layout(out, *matrix, f.rows)?;
            once.push(laid);
            layouts.push(out.push(Prepare, &[laid])?);
        }
        let consts = [layouts, vectors.clone(), numbers.clone(), given.clone()].concat();
        let mut results = self.run(out, &consts)?;
        if self.blocks.rest > 0 {
            let mut last = Vec::new();
            for (f, matrix) in self.matrices.iter().zip(&matrices) {
                let rows = self.rest(out, *matrix, f.rows)?;
                once.push(rows);
                last.push(out.push(Prepare, &[rows])?);
            }
            let given: Vec<Val> = given.iter().map(|v| self.rest(out, *v, 0)).collect::<Result<_, _>>()?;
            let rest = self.after(out, &last, &vectors, (&numbers, &given))?;
            for (sum, rest) in results.iter_mut().zip(rest) {
                *sum = out.add(*sum, rest)?;
            }
        }
        let made = sums.iter().copied().chain(backward.iter().map(|f| f.product));
        made.zip(results).for_each(|(v, result)| map[v.index()] = Some(result));
        Ok(once)
    }

    /// The blocks of a matrix, `[block, column, row]`.
    fn layout(&self, out: &mut Graph, matrix: Val, rows: usize) -> Result<Val, TypeError> {
        let Blocks { rows: block, count, .. } = self.blocks;
        let dims = out.ty(matrix).dims.clone();
        let whole = out.push(Slice::along(&dims, rows, 0, count * block), &[matrix])?;
        let columns = dims[1 - rows];
        let (split, permutation) = if rows == 0 {
            ([count, block, columns], [0, 2, 1])
        } else {
            ([columns, count, block], [1, 0, 2])
        };
        let split = out.reshape(whole, &split)?;
        out.push(Transpose { permutation: Dims::from_slice(&permutation) }, &[split])
    }

    /// What is left of the rows after the blocks.
    fn rest(&self, out: &mut Graph, x: Val, rows: usize) -> Result<Val, TypeError> {
        let dims = out.ty(x).dims.clone();
        out.push(Slice::along(&dims, rows, self.found.rows - self.blocks.rest, self.found.rows), &[x])
    }

    /// The values of each row, of as many rows as the products have.
    fn by_row(&self, g: &mut Graph, read: &Read<'_>) -> Result<Vec<Option<Val>>, TypeError> {
        let graph = self.graph;
        let mut map: Vec<Option<Val>> = vec![None; graph.len()];
        let outside = [(&self.numbers, read.numbers), (&self.given, read.given)];
        for (from, to) in outside {
            from.iter().zip(to).for_each(|(v, new)| map[v.index()] = Some(*new));
        }
        for (f, new) in self.found.forward.iter().zip(read.products) {
            map[f.product.index()] = Some(*new);
        }
        let dims = g.ty(read.products[0]).dims.clone();
        for v in graph.vals().filter(|v| self.found.inside[v.index()] && !self.is_product(*v)) {
            let mut operands = Operands::new();
            for o in graph.operands(v) {
                operands.push(match (map[o.index()], constant(graph, o)) {
                    (Some(o), _) => o,
                    (None, Some(op)) => g.push(op.clone(), &[])?,
                    (None, None) => return Err(missing(graph, o)),
                });
            }
            g.set_loc(graph.node(v).loc.clone());
            map[v.index()] = Some(match graph.op(v) {
                Some(Op::Broadcast(_)) => g.broadcast_to(operands[0], &dims)?,
                Some(op) => g.push(op.clone(), &operands)?,
                None => return Err(missing(graph, v)),
            });
        }
        g.set_loc(None);
        Ok(map)
    }

    /// The sums over the rows after the blocks, and these rows' part of the products with transposes.
    fn after(
        &self,
        out: &mut Graph,
        matrices: &[Val],
        vectors: &[Val],
        (numbers, given): (&[Val], &[Val]),
    ) -> Result<Vec<Val>, TypeError> {
        let product = |out: &mut Graph, f: &Factors, vector: Val| {
            let matrix = matrices[self.matrix(f.matrix)];
            let own = |o: Val| if o == f.matrix { matrix } else { vector };
            let operands: Operands = self.graph.operands(f.product).into_iter().map(own).collect();
            let op = self.graph.op(f.product).cloned().ok_or_else(|| missing(self.graph, f.product))?;
            out.push(op, &operands)
        };
        let Found { forward, backward, sums, .. } = self.found;
        let products = forward.iter().zip(vectors).map(|(f, vector)| product(out, f, *vector));
        let products = products.collect::<Result<Vec<_>, _>>()?;
        let map = self.by_row(out, &Read { numbers, given, products: &products })?;
        let mut results = self.summed(out, &map, sums)?;
        for f in backward {
            let vector = map[f.vector.index()].ok_or_else(|| missing(self.graph, f.vector))?;
            results.push(product(out, f, vector)?);
        }
        Ok(results)
    }

    fn summed(&self, g: &mut Graph, map: &[Option<Val>], sums: &[Val]) -> Result<Vec<Val>, TypeError> {
        let of = |v: &Val| self.graph.operands(*v)[0];
        let sum = |v| g.sum_all(map[of(v).index()].ok_or_else(|| missing(self.graph, *v))?);
        sums.iter().map(sum).collect()
    }

    /// The loop: sums over all blocks, and the products with transposes. It reads layouts, vectors, numbers and what is given.
    fn run(&self, out: &mut Graph, consts: &[Val]) -> Result<Vec<Val>, TypeError> {
        let Found { backward, sums, .. } = self.found;
        let mut carries = vec![index(out, 0)?];
        for v in sums {
            let ty = self.graph.ty(*v).clone();
            carries.push(out.full(&ty, 0.0)?);
        }
        for f in backward {
            let ty = self.graph.ty(f.product);
            let lanes = self.blocks.lanes(ty.len());
            carries.push(out.full(&Ty::new(ty.dtype, [ty.len(), lanes]), 0.0)?);
        }
        let operands = [consts, &carries].concat();
        let tys: Vec<Ty> = operands.iter().map(|v| out.ty(*v).clone()).collect();
        let cond = below(&tys, consts.len(), self.blocks.count)?;
        let body = closed(tys, |g, x| self.block(g, x.split_at(consts.len())))?;
        let results = out.push_all(While { cond, body }, &operands)?;
        let (sums, apart) = results[1..].split_at(sums.len());
        let mut made = sums.to_vec();
        for x in apart {
            made.push(out.push(ReduceSum { axes: Dims::from_slice(&[1]) }, &[*x])?);
        }
        Ok(made)
    }

    /// One round: the carries with a block more.
    fn block(&self, g: &mut Graph, (consts, carries): (&[Val], &[Val])) -> Result<Vec<Val>, TypeError> {
        let Found { forward, backward, sums, .. } = self.found;
        let (layouts, rest) = consts.split_at(self.matrices.len());
        let (vectors, rest) = rest.split_at(forward.len());
        let (numbers, given) = rest.split_at(self.numbers.len());
        let i = carries[0];
        let block = index(g, self.blocks.rows)?;
        let start = g.mul(i, block)?;
        let sizes = Dims::from_slice(&[self.blocks.rows]);
        let slice = |v: &Val| g.push(DynamicSlice { sizes: sizes.clone() }, &[*v, start]);
        let given = given.iter().map(slice).collect::<Result<Vec<_>, _>>()?;
        let products = forward.iter().zip(vectors);
        let products = products.map(|(f, b)| times(g, layouts[self.matrix(f.matrix)], *b, i));
        let products = products.collect::<Result<Vec<_>, _>>()?;
        let map = self.by_row(g, &Read { numbers, given: &given, products: &products })?;
        let one = index(g, 1)?;
        let mut next = vec![g.add(i, one)?];
        let summed = self.summed(g, &map, sums)?;
        for (carry, sum) in carries[1..].iter().zip(summed) {
            next.push(g.add(*carry, sum)?);
        }
        for (f, carry) in backward.iter().zip(&carries[1 + sums.len()..]) {
            let r = map[f.vector.index()].ok_or_else(|| missing(self.graph, f.vector))?;
            next.push(transposed_times(g, layouts[self.matrix(f.matrix)], r, (i, *carry))?);
        }
        Ok(next)
    }
}

/// The product of block `i` of a layout and a vector: the columns times its elements, some at once.
fn times(g: &mut Graph, layout: Val, b: Val, i: Val) -> Result<Val, TypeError> {
    let Ty { dtype, dims } = g.ty(layout).clone();
    let (columns, rows) = (dims[1], dims[2]);
    let at_once = UNROLLED.rev().min_by_key(|n| columns % n).unwrap_or(1);
    let add = |g: &mut Graph, [layout, b, i, first, sum]: [Val; 5], n: usize| {
        let zero = index(g, 0)?;
        let xs =
            g.push(DynamicSlice { sizes: Dims::from_slice(&[1, n, rows]) }, &[layout, i, first, zero])?;
        let bs = g.push(DynamicSlice { sizes: Dims::from_slice(&[n]) }, &[b, first])?;
        (0..n).try_fold(sum, |sum, u| {
            let x = g.push(Slice::along(&[1, n, rows], 1, u, u + 1), &[xs])?;
            let x = g.reshape(x, &[rows])?;
            let b = g.push(Slice::along(&[n], 0, u, u + 1), &[bs])?;
            let b = g.reshape(b, &[])?;
            let b = g.broadcast_to(b, &[rows])?;
            let term = g.mul(x, b)?;
            g.add(sum, term)
        })
    };
    let zeros = g.full(&Ty::new(dtype, [rows]), 0.0)?;
    let operands = [layout, b, i, index(g, 0)?, zeros];
    let tys = operands.map(|v| g.ty(v).clone());
    let cond = below(&tys, 3, columns / at_once)?;
    let body = closed(tys, |g, x| {
        let (j, sum) = (x[3], x[4]);
        let (step, one) = (index(g, at_once)?, index(g, 1)?);
        let first = g.mul(j, step)?;
        let sum = add(g, [x[0], x[1], x[2], first, sum], at_once)?;
        Ok(vec![g.add(j, one)?, sum])
    })?;
    let sum = g.push_all(While { cond, body }, &operands)?[1];
    let done = columns / at_once * at_once;
    if done == columns {
        return Ok(sum);
    }
    let first = index(g, done)?;
    add(g, [layout, b, i, first, sum], columns - done)
}

/// `apart`, `[column, lane]`, with the products of each column of block `i` of a layout and a vector over its rows added up.
fn transposed_times(g: &mut Graph, layout: Val, r: Val, (i, apart): (Val, Val)) -> Result<Val, TypeError> {
    let dims = g.ty(layout).dims.clone();
    let (columns, rows) = (dims[1], dims[2]);
    let lanes = g.ty(apart).dims[1];
    let operands = [layout, r, i, index(g, 0)?, apart];
    let tys = operands.map(|v| g.ty(v).clone());
    let cond = below(&tys, 3, columns)?;
    let body = closed(tys, |g, x| {
        let [layout, r, i, j, apart] = [0, 1, 2, 3, 4].map(|at| x[at]);
        let (zero, one) = (index(g, 0)?, index(g, 1)?);
        let column =
            g.push(DynamicSlice { sizes: Dims::from_slice(&[1, 1, rows]) }, &[layout, i, j, zero])?;
        let column = g.reshape(column, &[rows])?;
        let own = g.push(DynamicSlice { sizes: Dims::from_slice(&[1, lanes]) }, &[apart, j, zero])?;
        let own = g.reshape(own, &[lanes])?;
        let sum = (0..rows).step_by(lanes).try_fold(own, |sum, first| {
            let lanes = Slice::along(&[rows], 0, first, first + lanes);
            let (x, r) = (g.push(lanes.clone(), &[column])?, g.push(lanes, &[r])?);
            let term = g.mul(x, r)?;
            g.add(sum, term)
        })?;
        let sum = g.reshape(sum, &[1, lanes])?;
        let apart = g.push(DynamicUpdateSlice, &[apart, sum, j, zero])?;
        Ok(vec![g.add(j, one)?, apart])
    })?;
    Ok(g.push_all(While { cond, body }, &operands)?[1])
}

/// The condition of a loop over operands of these types: that the counter among them is less than `n`.
fn below(tys: &[Ty], counter: usize, n: usize) -> Result<Arc<Graph>, TypeError> {
    closed(tys.iter().cloned(), |g, x| {
        let n = index(g, n)?;
        Ok(vec![g.lt(x[counter], n)?])
    })
}

fn index(g: &mut Graph, i: usize) -> Result<Val, TypeError> {
    g.full(&Ty::scalar(DType::I64), i as f64)
}

/// A number that is known.
fn constant(graph: &Graph, v: Val) -> Option<&Op> {
    graph.op(v).filter(|op| matches!(op, Op::Constant(_)) && graph.ty(v).rank() == 0)
}

fn missing(graph: &Graph, v: Val) -> TypeError {
    TypeError {
        op: "row_blocks",
        operands: vec![graph.ty(v).clone()],
        expected: "a value in reach of the loop".into(),
    }
}
