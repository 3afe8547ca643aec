//! What running reductions share: walks along a dimension, shifts, and the two ways to compute them in HLO.

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
