//! How the elements of a plate lie by segment: in rows of a fixed width, each of one segment, as an index decides it.

use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{Broadcast, Concatenate, Cumulate, Iota, Min, Reduction, ScatterAdd, Slice, Sort, Take},
    types::{DType, Dims, Ty},
};

/// Elements by segment, as places in `width` lines of `rows` places each: a row is one place of each line. The first rows
/// belong to the segments in order, one each; segments with more elements than a row holds have some of the rest.
///
/// A place without an element of its own repeats one, the row's first or any: so what is computed there is computed
/// elsewhere too, and is no more likely not to be finite.
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) segments: usize,
    pub(super) rows: usize,
    /// The element at each place, `[width, rows]`.
    pub(super) at: Val,
    /// Whether a place has an element of its own, `[width, rows]`.
    pub(super) own: Val,
    /// The number of elements in each row, as numbers of type `f64`.
    pub(super) count: Val,
    /// The segment of the elements in each row.
    pub(super) segment: Val,
    /// The segment that each row after the first ones belongs to.
    pub(super) rest: Val,
    /// What must not be computed at every call.
    pub(super) once: [Val; 2],
}

/// Rows that hold any division of `elements` into `segments`, one at least for each: so many, rounded up to what vector
/// instructions work on.
fn row_count(elements: usize, segments: usize, width: usize) -> usize {
    // Most rows after the first ones are wanted where one segment has all elements.
    (segments + elements.saturating_sub(1) / width).next_multiple_of(4)
}

impl Layout {
    /// Of an index of which every element is one of `segments` positions.
    pub(super) fn new(g: &mut Graph, index: Val, segments: usize, width: usize) -> Result<Layout, TypeError> {
        let elements = g.ty(index).len();
        let rows = row_count(elements, segments, width);
        let index = g.convert(index, DType::I64)?;
        let sort = Sort { axis: 0, keys: 1, descending: false, positions: true };
        let sorted = g.push_all(sort, &[index])?;
        let order = sorted[1];
        let counts = counted(g, index, segments)?;
        let starts = exclusive_sum(g, counts)?;
        // The rows of each segment after its first.
        let wide = g.full_like(counts, width as f64)?;
        let (nearly, one, none) =
            (g.full_like(counts, width as f64 - 1.0)?, g.full_like(counts, 1.0)?, g.full_like(counts, 0.0)?);
        let filled = g.add(counts, nearly)?;
        let filled = g.div(filled, wide)?;
        let further = g.sub(filled, one)?;
        let further = g.max(further, none)?;
        let first = exclusive_sum(g, further)?;
        let end = g.add(first, further)?;
        // A row belongs to the first segment whose rows do not end before it.
        let ended = counted(g, end, rows - segments)?;
        let rest = running_sum(g, ended)?;
        let last = g.full_like(rest, segments as f64 - 1.0)?;
        let rest = g.push(Min, &[rest, last])?;
        let number = g.push(Iota { dtype: DType::I64, dims: g.ty(rest).dims.clone(), axis: 0 }, &[])?;
        let take = |g: &mut Graph, of: Val| g.push(Take { axis: 0 }, &[of, rest]);
        let (first, start, count) = (take(g, first)?, take(g, starts)?, take(g, counts)?);
        let one = g.full_like(number, 1.0)?;
        let before = g.sub(number, first)?;
        let before = g.add(before, one)?;
        let wide = g.full_like(before, width as f64)?;
        let before = g.mul(before, wide)?;
        let (start, count) = (g.add(start, before)?, g.sub(count, before)?);
        let start = g.push(Concatenate { axis: 0 }, &[starts, start])?;
        let count = g.push(Concatenate { axis: 0 }, &[counts, count])?;
        let (at, own) = places(g, order, [start, count], width)?;
        let (none, full) = (g.full_like(count, 0.0)?, g.full_like(count, width as f64)?);
        let count = g.max(count, none)?;
        let count = g.push(Min, &[count, full])?;
        let count = g.convert(count, DType::F64)?;
        let top = g.push(Slice::along(&[width, rows], 0, 0, 1), &[at])?;
        let top = g.reshape(top, &[rows])?;
        let segment = g.push(Take { axis: 0 }, &[index, top])?;
        Ok(Layout { width, segments, rows, at, own, count, segment, rest, once: [order, counts] })
    }

    /// The lines of something at all places.
    pub(super) fn lines(&self, g: &mut Graph, x: Val) -> Result<Vec<Val>, TypeError> {
        let dims = [self.width, self.rows];
        let line = |i: usize| {
            let line = g.push(Slice::along(&dims, 0, i, i + 1), &[x])?;
            g.reshape(line, &[self.rows])
        };
        (0..self.width).map(line).collect()
    }
}

/// The element at each place and whether it is its own, of rows that start at these places of the order and have so many
/// elements.
fn places(
    g: &mut Graph,
    order: Val,
    [start, count]: [Val; 2],
    width: usize,
) -> Result<(Val, Val), TypeError> {
    let dims = Dims::from_slice(&[width, g.ty(start).len()]);
    let over =
        |g: &mut Graph, x: Val| g.push(Broadcast { dims: dims.clone(), map: Dims::from_slice(&[1]) }, &[x]);
    let line = g.push(Iota { dtype: DType::I64, dims: dims.clone(), axis: 0 }, &[])?;
    let (start, count) = (over(g, start)?, over(g, count)?);
    let own = g.lt(line, count)?;
    let (one, zero) = (g.full_like(count, 1.0)?, g.full_like(count, 0.0)?);
    let last = g.sub(count, one)?;
    let last = g.max(last, zero)?;
    let offset = g.push(Min, &[line, last])?;
    let place = g.add(start, offset)?;
    // A row without elements may start behind the last one: taking clamps.
    Ok((g.push(Take { axis: 0 }, &[order, place])?, own))
}

/// How often each of `n` positions occurs; others count nowhere.
fn counted(g: &mut Graph, index: Val, n: usize) -> Result<Val, TypeError> {
    let zeros = g.full(&Ty::new(DType::I64, [n]), 0.0)?;
    let ones = g.full_like(index, 1.0)?;
    g.push(ScatterAdd { axis: 0 }, &[zeros, index, ones])
}

fn running_sum(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    g.push(Cumulate { axis: 0, reverse: false, by: Reduction::Sum }, &[x])
}

/// The sum of all elements before each.
fn exclusive_sum(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let sum = running_sum(g, x)?;
    g.sub(sum, x)
}
