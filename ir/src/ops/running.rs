//! What running reductions share: walks along a dimension, shifts, and the three ways to compute them in HLO.

use smallvec::SmallVec;

use super::{closed::closed, *};
use crate::{shape, types::Dims};

/// The dimension something runs along, and from which end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Direction {
    pub(super) axis: usize,
    pub(super) reverse: bool,
}

/// Up to this length a running reduction is computed by doubling, which fuses with what is around; beyond it by a loop.
///
/// On a CPU the loop compiles three to ten times faster at every length, and runs as fast at 10 elements, four times as
/// fast at 10 000.
const SHORT: usize = 4;

/// Rows of blocks are at most so long: each place in a row is a few instructions.
const LONGEST_ROW: usize = 10;

/// Where a step is over at least so many elements, a loop over steps is as good as any block.
const WIDE: usize = 16;

/// The length of rows that a line of `n` elements is cut into: about the root, for as many rows as places, and a divisor
/// if one is near, since filling up costs.
fn row_length(n: usize) -> usize {
    let root = n.isqrt().clamp(4, LONGEST_ROW);
    let divides = |row: &usize| n.is_multiple_of(*row);
    let longer = (root..=LONGEST_ROW.min(n / 2)).find(divides);
    longer.or_else(|| (root / 2 + 1..root).rev().find(divides)).unwrap_or(root)
}

impl Direction {
    /// Calls `f` with the positions of each pair of neighbours among the row-major elements, in the order in which a loop
    /// that runs along the dimension meets them.
    pub(super) fn each_pair(self, dims: &[usize], mut f: impl FnMut(usize, usize)) {
        let stride = shape::strides(dims)[self.axis];
        let n = dims[self.axis];
        let step = |flat: usize| shape::unravel(flat, dims)[self.axis];
        let len: usize = dims.iter().product();
        for flat in 0..len {
            // Row-major order meets the elements of a line in order; the other way from the end.
            if !self.reverse && step(flat) > 0 {
                f(flat - stride, flat);
            }
            let mirrored = len - 1 - flat;
            if self.reverse && step(mirrored) + 1 < n {
                f(mirrored + stride, mirrored);
            }
        }
    }

    /// Each element in the place `by` further along, zeros where none comes: 1 brings the element before, −1 the one after.
    pub(super) fn shifted(self, g: &mut Graph, x: Val, by: isize) -> Result<Val, TypeError> {
        let dims = g.ty(x).dims.clone();
        let n = dims[self.axis];
        if n == 0 {
            return Ok(x);
        }
        let up = (by > 0) != self.reverse;
        let (start, limit) = if up { (0, n - 1) } else { (1, n) };
        let part = g.push(Slice::along(&dims, self.axis, start, limit), &[x])?;
        let edge =
            |on: bool| -> Dims { (0..dims.len()).map(|i| usize::from(on && i == self.axis)).collect() };
        g.push(Pad::new(edge(up), edge(!up)), &[part])
    }

    /// The elements with zeros in the first place.
    pub(super) fn without_first(self, g: &mut Graph, x: Val) -> Result<Val, TypeError> {
        let back = Direction { reverse: !self.reverse, ..self };
        let after = back.shifted(g, x, 1)?;
        self.shifted(g, after, 1)
    }

    /// All but the first element along the dimension, and all but the last.
    pub(super) fn later_and_earlier(self, g: &mut Graph, x: Val) -> Result<[Val; 2], TypeError> {
        let dims = g.ty(x).dims.clone();
        let n = dims[self.axis];
        let high = g.push(Slice::along(&dims, self.axis, n.min(1), n), &[x])?;
        let low = g.push(Slice::along(&dims, self.axis, 0, n.saturating_sub(1)), &[x])?;
        Ok(if self.reverse { [low, high] } else { [high, low] })
    }

    /// `first` in the first place, then `rest`.
    pub(super) fn join(self, g: &mut Graph, first: Val, rest: Val) -> Result<Val, TypeError> {
        let parts = if self.reverse { [rest, first] } else { [first, rest] };
        g.push(Concatenate { axis: self.axis }, &parts)
    }

    pub(super) fn is_short(self, g: &Graph, x: Val) -> bool {
        g.ty(x).dims[self.axis] <= SHORT
    }

    /// Running combinations by an associative function of an earlier and a later stretch, in ⌈log₂ n⌉ steps (Hillis and
    /// Steele 1986).
    pub(super) fn by_doubling<const N: usize>(
        self,
        g: &mut Graph,
        mut x: [Val; N],
        combine: impl Fn(&mut Graph, [Val; N], [Val; N]) -> Result<[Val; N], TypeError>,
    ) -> Result<[Val; N], TypeError> {
        let dims = g.ty(x[0]).dims.clone();
        let (axis, n) = (self.axis, dims[self.axis]);
        let mut distance = 1;
        while distance < n {
            let part = |g: &mut Graph, x: [Val; N], start, limit| -> Result<[Val; N], TypeError> {
                let mut out = x;
                for v in &mut out {
                    *v = g.push(Slice::along(&dims, axis, start, limit), &[*v])?;
                }
                Ok(out)
            };
            let (low, high) = (part(g, x, 0, n - distance)?, part(g, x, distance, n)?);
            let (done, combined) = if self.reverse {
                (part(g, x, n - distance, n)?, combine(g, high, low)?)
            } else {
                (part(g, x, 0, distance)?, combine(g, low, high)?)
            };
            for (i, v) in x.iter_mut().enumerate() {
                *v = self.join(g, done[i], combined[i])?;
            }
            distance *= 2;
        }
        Ok(x)
    }

    /// Whether a step is over so few elements that rows of blocks pay.
    pub(super) fn is_narrow(self, g: &Graph, x: Val) -> bool {
        let Ty { dims, .. } = g.ty(x);
        dims.iter().product::<usize>() / dims[self.axis].max(1) < WIDE
    }

    /// Running combinations by an associative and commutative function that does not overflow on the way, `unit` its
    /// neutral element: within rows first, all rows at once, and then over the rows before.
    ///
    /// A loop writes its carry to memory and reads it again at each element; on a CPU rows are four times as fast.
    pub(super) fn by_rows(
        self,
        g: &mut Graph,
        x: Val,
        unit: f64,
        combine: &dyn Fn(&mut Graph, Val, Val) -> Result<Val, TypeError>,
    ) -> Result<Val, TypeError> {
        let dims = g.ty(x).dims.clone();
        let (axis, n) = (self.axis, dims[self.axis]);
        if n <= 2 * SHORT {
            let doubled = self.by_doubling(g, [x], |g, [x], [y]| Ok([combine(g, x, y)?]))?;
            return Ok(doubled[0]);
        }
        let row = row_length(n);
        let rows = n.div_ceil(row);
        let full = self.filled(g, x, rows * row - n, unit)?;
        let mut cut = dims.clone();
        cut[axis] = rows;
        cut.insert(axis + 1, row);
        let cut_up = g.reshape(full, &cut)?;
        let mut places: Vec<Val> = Vec::with_capacity(row);
        for i in 0..row {
            let i = if self.reverse { row - 1 - i } else { i };
            let place = g.push(Slice::along(&cut, axis + 1, i, i + 1), &[cut_up])?;
            let place = places.last().map_or(Ok(place), |before| combine(g, *before, place))?;
            places.push(place);
        }
        let mut ends = dims.clone();
        ends[axis] = rows;
        let totals = g.reshape(places[row - 1], &ends)?;
        let upto = self.by_rows(g, totals, unit, combine)?;
        let before = self.after_first(g, upto, unit)?;
        ends.insert(axis + 1, 1);
        let before = g.reshape(before, &ends)?;
        // Each place for itself: from one value of all places XLA would pick the place of every element anew.
        for place in &mut places {
            *place = combine(g, before, *place)?;
        }
        if self.reverse {
            places.reverse();
        }
        let all = g.push(Concatenate { axis: axis + 1 }, &places)?;
        let mut whole = dims.clone();
        whole[axis] = rows * row;
        let all = g.reshape(all, &whole)?;
        if rows * row == n {
            return Ok(all);
        }
        let start = if self.reverse { rows * row - n } else { 0 };
        g.push(Slice::along(&whole, axis, start, start + n), &[all])
    }

    /// The elements with `more` units behind the last.
    fn filled(self, g: &mut Graph, x: Val, more: usize, unit: f64) -> Result<Val, TypeError> {
        if more == 0 {
            return Ok(x);
        }
        let mut ty = g.ty(x).clone();
        ty.dims[self.axis] = more;
        let units = g.full(&ty, unit)?;
        self.join(g, x, units)
    }

    /// A unit in the first place, and each element one place further along.
    fn after_first(self, g: &mut Graph, x: Val, unit: f64) -> Result<Val, TypeError> {
        let [_, earlier] = self.later_and_earlier(g, x)?;
        let mut ty = g.ty(x).clone();
        ty.dims[self.axis] = 1;
        let first = g.full(&ty, unit)?;
        self.join(g, first, earlier)
    }

    /// The values that `step`, from the value before and the elements of `xs`, takes on along the dimension.
    pub(super) fn by_scan(
        self,
        g: &mut Graph,
        start: f64,
        xs: &[Val],
        step: impl FnOnce(&mut Graph, Val, &[Val]) -> Result<Val, TypeError>,
    ) -> Result<Val, TypeError> {
        let ty = g.ty(xs[0]).clone();
        let mut front: SmallVec<[Val; 4]> = SmallVec::new();
        for x in xs {
            front.push(g.move_axis(*x, self.axis, 0)?);
        }
        let slice = ty.with_dims((0..ty.rank()).filter(|i| *i != self.axis).map(|i| ty.dims[i]));
        let body = closed((0..=xs.len()).map(|_| slice.clone()), |g, v| {
            let next = step(g, v[0], &v[1..])?;
            Ok(vec![next, next])
        })?;
        front.insert(0, g.full(&slice, start)?);
        let length = ty.dims[self.axis];
        let scan = Scan { consts: 0, carries: 1, length, reverse: self.reverse, saves: false, body };
        let results = g.push_all(scan, &front)?;
        g.move_axis(results[1], 0, self.axis)
    }
}
