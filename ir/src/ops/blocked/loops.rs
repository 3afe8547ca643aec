//! Loops over the rows of a block: a factor's and a solution's, each row less multiples of those before it.

use std::sync::Arc;

use super::super::{closed::closed, *};
use crate::types::{DType, Dims};

/// Sums over fewer elements are made where they stand; larger ones may go to a library, which a loop cannot call.
const OWN_SUM: usize = 1 << 11;

/// An index into rows or columns.
const INDEX: DType = DType::I32;

fn index(g: &mut Graph, i: usize) -> Result<Val, TypeError> {
    g.constant(Array::filled(&Ty::scalar(INDEX), i as f64))
}

/// The indices of what begins at this row and column of each matrix of a batch.
fn place(g: &mut Graph, rank: usize, row: Val, column: Val) -> Result<Vec<Val>, TypeError> {
    let zero = index(g, 0)?;
    Ok(std::iter::repeat_n(zero, rank - 2).chain([row, column]).collect())
}

/// So many rows and columns of each matrix.
fn read(g: &mut Graph, x: Val, at: [Val; 2], size: [usize; 2]) -> Result<Val, TypeError> {
    let mut sizes = g.ty(x).dims.clone();
    let rank = sizes.len();
    sizes.truncate(rank - 2);
    sizes.extend(size);
    let place = place(g, rank, at[0], at[1])?;
    g.push(DynamicSlice { sizes }, &[&[x][..], &place].concat())
}

/// Row `i` of each matrix, as a matrix of one row.
fn row(g: &mut Graph, x: Val, i: Val) -> Result<Val, TypeError> {
    let columns = *g.ty(x).dims.last().unwrap_or(&0);
    let zero = index(g, 0)?;
    read(g, x, [i, zero], [1, columns])
}

fn with_row(g: &mut Graph, x: Val, i: Val, row: Val) -> Result<Val, TypeError> {
    let zero = index(g, 0)?;
    let place = place(g, g.ty(x).rank(), i, zero)?;
    g.push(DynamicUpdateSlice, &[&[x, row][..], &place].concat())
}

/// One element of each matrix, in all of `like`'s elements.
fn spread(g: &mut Graph, element: Val, like: Val) -> Result<Val, TypeError> {
    let dims = g.ty(like).dims.clone();
    g.broadcast_to(element, &dims)
}

/// The carries after the body has run for each index from `from` to `to`, which is not among them: the body takes the
/// constants, the index and the carries.
fn each(
    g: &mut Graph,
    range: [Val; 2],
    [consts, carries]: [&[Val]; 2],
    body: impl FnOnce(&mut Graph, &[Val], Val, &[Val]) -> Result<Vec<Val>, TypeError>,
) -> Result<Operands, TypeError> {
    let operands = [&[range[1]], consts, &[range[0]], carries].concat();
    let tys: Vec<Ty> = operands.iter().map(|v| g.ty(*v).clone()).collect();
    let at = 1 + consts.len();
    let cond = closed(tys.clone(), |g, x| Ok(vec![g.lt(x[at], x[0])?]))?;
    let body: Arc<Graph> = closed(tys, |g, x| {
        let mut next = body(g, &x[1..at], x[at], &x[at + 1..])?;
        let one = index(g, 1)?;
        next.insert(0, g.add(x[at], one)?);
        Ok(next)
    })?;
    Ok(g.push_all(While { cond, body }, &operands)?[1..].iter().copied().collect())
}

/// A row less its multiples of the known rows of `x` in this range, each by the element of `weights` that `at` names.
fn reduced(
    g: &mut Graph,
    range: [Val; 2],
    [weights, x, own, start]: [Val; 4],
    at: fn(Val, Val) -> [Val; 2],
) -> Result<Val, TypeError> {
    let rest = each(g, range, [&[weights, x, own], &[start]], |g, consts, k, rest| {
        let weight = read(g, consts[0], at(consts[2], k), [1, 1])?;
        let known = row(g, consts[1], k)?;
        let weight = spread(g, weight, known)?;
        let multiple = g.mul(weight, known)?;
        Ok(vec![g.sub(rest[0], multiple)?])
    })?;
    Ok(rest[0])
}

/// The first rows of `Lᵀ`, `b × m`, from those of `A`, of which the diagonal and what is right of it is read; zero left of the
/// diagonal. From a pivot on that is not positive everything is NaN.
pub(super) fn factored(g: &mut Graph, a: Val) -> Result<Val, TypeError> {
    let ty = g.ty(a).clone();
    let (b, m) = (ty.dims[ty.rank() - 2], ty.dims[ty.rank() - 1]);
    let range = [index(g, 0)?, index(g, b)?];
    let start = g.full(&ty, 0.0)?;
    let rows = each(g, range, [&[a], &[start]], |g, consts, j, rows| {
        let own = row(g, consts[0], j)?;
        let zero = index(g, 0)?;
        let rest = reduced(g, [zero, j], [rows[0], rows[0], j, own], |own, k| [k, own])?;
        let pivot = read(g, rest, [zero, j], [1, 1])?;
        let (nothing, nan, one) =
            (g.full_like(pivot, 0.0)?, g.full_like(pivot, f64::NAN)?, g.full_like(pivot, 1.0)?);
        let positive = g.gt(pivot, nothing)?;
        let pivot = g.select(positive, pivot, nan)?;
        let root = g.sqrt(pivot)?;
        let inverse = g.div(one, root)?;
        let (root, inverse) = (spread(g, root, rest)?, spread(g, inverse, rest)?);
        let next = g.mul(rest, inverse)?;
        let [before, here] = columns(g, m, j, rest)?;
        let next = g.select(here, root, next)?;
        let nothing = g.full_like(next, 0.0)?;
        let next = g.select(before, nothing, next)?;
        Ok(vec![with_row(g, rows[0], j, next)?])
    })?;
    Ok(rows[0])
}

/// Which elements of a row like this are left of column `j`, and which are in it.
fn columns(g: &mut Graph, m: usize, j: Val, like: Val) -> Result<[Val; 2], TypeError> {
    let dims = g.ty(like).dims.clone();
    let column = g.push(Iota { dtype: INDEX, dims: Dims::from_slice(&[m]), axis: 0 }, &[])?;
    let j = g.broadcast_to(j, &[m])?;
    let (before, here) = (g.lt(column, j)?, g.eq(column, j)?);
    Ok([g.broadcast_to(before, &dims)?, g.broadcast_to(here, &dims)?])
}

/// Which triangle of a matrix is read, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// Whether the first row is solved for first: the triangle, as it is used, is a lower one.
    pub(super) forward: bool,
    /// Whether the matrix is used transposed.
    pub(super) transposed: bool,
    /// Whether the diagonal is taken to be one and not read.
    pub(super) unit: bool,
}

impl Read {
    /// The position of an element of the matrix as it is used.
    fn at(self) -> fn(Val, Val) -> [Val; 2] {
        if self.transposed { |own, k| [k, own] } else { |own, k| [own, k] }
    }

    /// The row of step `s`.
    fn turn(self, g: &mut Graph, rows: usize, s: Val) -> Result<Val, TypeError> {
        if self.forward {
            return Ok(s);
        }
        let last = index(g, rows - 1)?;
        g.sub(last, s)
    }

    fn over_diagonal(self, g: &mut Graph, t: Val, i: Val, rest: Val) -> Result<Val, TypeError> {
        if self.unit {
            return Ok(rest);
        }
        let diagonal = read(g, t, [i, i], [1, 1])?;
        let diagonal = spread(g, diagonal, rest)?;
        g.div(rest, diagonal)
    }
}

/// The `X` with `T X = B` for a triangular block `T`, row by row.
pub(super) fn solved(g: &mut Graph, t: Val, b: Val, how: Read) -> Result<Val, TypeError> {
    let ty = g.ty(b).clone();
    let rows = ty.dims[ty.rank() - 2];
    if ty.dims[ty.rank() - 1] == 1 && ty.len() <= OWN_SUM {
        return solved_vector(g, t, b, how);
    }
    let range = [index(g, 0)?, index(g, rows)?];
    let start = g.full(&ty, 0.0)?;
    let x = each(g, range, [&[t, b], &[start]], |g, consts, s, x| {
        let i = how.turn(g, rows, s)?;
        let (zero, end, one) = (index(g, 0)?, index(g, rows)?, index(g, 1)?);
        let known = if how.forward { [zero, i] } else { [g.add(i, one)?, end] };
        let own = row(g, consts[1], i)?;
        let rest = reduced(g, known, [consts[0], x[0], i, own], how.at())?;
        let next = how.over_diagonal(g, consts[0], i, rest)?;
        Ok(vec![with_row(g, x[0], i, next)?])
    })?;
    Ok(x[0])
}

/// The same for one column, element by element: what is not yet known of `x` is zero, and a whole row of `T` times `x` is one
/// sum.
fn solved_vector(g: &mut Graph, t: Val, b: Val, how: Read) -> Result<Val, TypeError> {
    let ty = g.ty(b).clone();
    let (rows, rank) = (ty.dims[ty.rank() - 2], ty.rank());
    let range = [index(g, 0)?, index(g, rows)?];
    // As one row, for the sum to be along it.
    let b = matrix::transposed(g, b)?;
    let start = g.full_like(b, 0.0)?;
    let x = each(g, range, [&[t, b], &[start]], |g, consts, s, x| {
        let i = how.turn(g, rows, s)?;
        let zero = index(g, 0)?;
        let weights = if how.transposed {
            let column = read(g, consts[0], [zero, i], [rows, 1])?;
            matrix::transposed(g, column)?
        } else {
            row(g, consts[0], i)?
        };
        let [before, here] = columns(g, rows, i, weights)?;
        let known = if how.forward {
            before
        } else {
            let up_to = g.or(before, here)?;
            g.not(up_to)?
        };
        let nothing = g.full_like(weights, 0.0)?;
        let weights = g.select(known, weights, nothing)?;
        let products = g.mul(weights, x[0])?;
        let sum = g.push(ReduceSum { axes: Dims::from_slice(&[rank - 1]) }, &[products])?;
        let own = read(g, consts[1], [zero, i], [1, 1])?;
        let dims = g.ty(own).dims.clone();
        let sum = g.reshape(sum, &dims)?;
        let rest = g.sub(own, sum)?;
        let next = how.over_diagonal(g, consts[0], i, rest)?;
        let place = place(g, rank, zero, i)?;
        Ok(vec![g.push(DynamicUpdateSlice, &[&[x[0], next][..], &place].concat())?])
    })?;
    matrix::transposed(g, x[0])
}
