//! Indexing as NumPy's: reading `x.at(..)`, and what an index means for a tensor of given dimensions.

use pyroxene_ir::{Array, DType, Dims, Loc, ops, shape};

use super::{
    Tensor,
    index::{Index, Item},
    joint::Joint,
};
use crate::{
    primitives::is_taken_twice,
    trace::{ErrorKind, apply, composed, constant_of, fail},
};

/// A range of positions of one dimension that are read: `size` from `start` on, `step` apart, in order or reversed.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Stretch {
    start: usize,
    size: usize,
    step: usize,
    reversed: bool,
}

/// A dimension of the result.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Slot {
    /// One of the operand's.
    Kept(usize),
    /// A new one.
    New,
    /// Those of the integer arrays.
    Arrays,
}

/// An index worked out for the dimensions of a tensor.
pub(super) struct Plan {
    /// For each dimension of the tensor.
    stretches: Vec<Stretch>,
    /// The dimensions that stay, after ranges and before integer arrays.
    kept: Vec<usize>,
    /// Integer arrays by the dimension they index.
    arrays: Vec<(usize, Tensor)>,
    /// The dimensions of the result.
    slots: Vec<Slot>,
}

impl Tensor {
    /// The elements at an index, as NumPy's `x[..]`: positions, ranges with steps, new axes, an ellipsis and integer
    /// arrays, one or a tuple. Negative positions count from the end.
    ///
    /// A position outside is an error; in an array of integers it is an error of the data where these are known before a
    /// run, and is moved to the nearest position otherwise.
    ///
    /// ```
    /// use pyroxene_frontend::{Ellipsis, NewAxis, eval, prelude::*, step};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = || Tensor::arange(12).reshape(&[3, 4]);
    /// assert_eq!(eval(|| x().at((1, -1)))?, Array::from(7i64));
    /// assert_eq!(eval(|| x().at((.., 0)))?, Array::from([0i64, 4, 8]));
    /// assert_eq!(eval(|| x().at((-1, step(.., -2))))?, Array::from([11i64, 9]));
    /// assert_eq!(eval(|| x().at(([0, 2], [1, 3])))?, Array::from([1i64, 11]));
    /// assert_eq!(eval(|| x().at((Ellipsis, NewAxis, 1..3)))?.dims(), [3, 1, 2]);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn at(self, index: impl Index) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || {
            let items = index.items();
            if items.iter().any(|item| matches!(item, Item::Array(at) if is_taken_twice(self, *at, &loc))) {
                return Tensor::POISON;
            }
            let Some(plan) = Plan::of("at", self, items, &loc) else { return Tensor::POISON };
            let read = plan.stretched(self, &loc);
            let read = match plan.joint(read, &loc) {
                Some(joint) => joint.read(&loc),
                None => read,
            };
            plan.shaped(read, &loc)
        })
    }
}

/// Records that positions of an array lie in a dimension of size `n`, counted from its start or its end.
fn check_range(at: Tensor, n: usize, loc: &Loc) {
    if constant_of(at).is_some() || at.is_poison() || !at.dtype().is_integer() {
        return;
    }
    let n = n as i64;
    let low = if is_signed(at.dtype()) { -n } else { 0 };
    let holds = at.greater_equal(low) & at.less(n);
    crate::primitives::check("the index", holds, at, format!("one from {low} to {}", n - 1), loc.clone());
}

fn is_signed(dtype: DType) -> bool {
    matches!(dtype, DType::I32 | DType::I64)
}

impl Stretch {
    fn all(n: usize) -> Stretch {
        Stretch { start: 0, size: n, step: 1, reversed: false }
    }

    /// Every `step`-th of `n` positions from `start` to `end`; from the last one back for a negative step.
    fn of(n: usize, start: usize, end: usize, step: isize) -> Stretch {
        debug_assert!(end <= n);
        let (apart, distance) = (step.unsigned_abs(), end.saturating_sub(start));
        let size = distance.div_ceil(apart);
        if size < 2 {
            let start = if step < 0 && size == 1 { end - 1 } else { start.min(n - size) };
            return Stretch { start, size, step: 1, reversed: false };
        }
        let start = if step > 0 { start } else { end - 1 - (size - 1) * apart };
        Stretch { start, size, step: apart, reversed: step < 0 }
    }

    fn limit(&self) -> usize {
        self.size.checked_sub(1).map_or(self.start, |steps| self.start + steps * self.step + 1)
    }
}

impl Plan {
    /// Works an index out; what is wrong with it is reported.
    pub(super) fn of(op: &'static str, x: Tensor, items: Vec<Item>, loc: &Loc) -> Option<Plan> {
        if x.is_poison() {
            return None;
        }
        let dims = x.dims();
        let items = without_ellipsis(op, items, &dims, loc)?;
        let mut plan =
            Plan { stretches: Vec::new(), kept: Vec::new(), arrays: Vec::new(), slots: Vec::new() };
        let has_arrays = items.iter().any(|i| matches!(i, Item::List(_) | Item::Array(_)));
        // Where the arrays' dimensions go, and whether anything lies between arrays.
        let (mut place, mut closed, mut apart) = (None, false, false);
        for item in items {
            let axis = plan.stretches.len();
            let n = dims.get(axis).copied().unwrap_or(1);
            let advanced = has_arrays && matches!(item, Item::At(_) | Item::List(_) | Item::Array(_));
            if advanced {
                apart |= closed;
                place.get_or_insert(plan.slots.len());
            } else {
                closed |= place.is_some();
            }
            match item {
                Item::At(i) => {
                    let start = inside(op, i, n, axis, loc)?;
                    plan.stretches.push(Stretch { start, size: 1, step: 1, reversed: false });
                    continue;
                }
                Item::Range { start, end, step } => {
                    plan.stretches.push(stretch(op, (start, end, step), n, axis, loc)?);
                    plan.slots.push(Slot::Kept(axis));
                }
                Item::NewAxis => {
                    plan.slots.push(Slot::New);
                    continue;
                }
                Item::List(list) => {
                    let list = list.into_iter().map(|i| inside(op, i, n, axis, loc).map(|i| i as i64));
                    let list = Tensor::from(Array::from(list.collect::<Option<Vec<i64>>>()?));
                    plan.stretches.push(Stretch::all(n));
                    plan.arrays.push((axis, list));
                }
                Item::Array(at) => {
                    // Updates outside are dropped, without a word.
                    if op == "at" {
                        check_range(at, n, loc);
                    }
                    let at = positions(op, at, n, axis, loc)?;
                    plan.stretches.push(Stretch::all(n));
                    plan.arrays.push((axis, at));
                }
                Item::Ellipsis => continue,
            }
            plan.kept.push(axis);
        }
        if let Some(place) = place {
            plan.slots.insert(if apart { 0 } else { place }, Slot::Arrays);
        }
        Some(plan)
    }

    /// The part of `x` that ranges and positions leave.
    pub(super) fn stretched(&self, x: Tensor, loc: &Loc) -> Tensor {
        let mut part = x;
        if self.stretches.iter().zip(x.dims()).any(|(s, n)| (s.start, s.size) != (0, n)) {
            let start = self.stretches.iter().map(|s| s.start).collect();
            let limit = self.stretches.iter().map(Stretch::limit).collect();
            let stride = self.stretches.iter().map(|s| s.step).collect();
            part = apply(ops::Slice { start, limit, stride }, &[part], loc.clone());
        }
        let dims = self.kept.iter().map(|axis| self.stretches[*axis].size).collect();
        apply(ops::Reshape { dims }, &[self.turned(part, loc)], loc.clone())
    }

    /// The dimensions that are read backwards, turned.
    fn turned(&self, x: Tensor, loc: &Loc) -> Tensor {
        let reversed = |i: &usize| self.stretches[*i].reversed;
        let axes: Dims = (0..self.stretches.len()).filter(reversed).collect();
        if axes.is_empty() { x } else { apply(ops::Reverse { axes }, &[x], loc.clone()) }
    }

    /// `x` with the part that [`Plan::stretched`] reads replaced.
    pub(super) fn restored(&self, x: Tensor, part: Tensor, loc: &Loc) -> Tensor {
        let dims = self.stretches.iter().map(|s| s.size).collect();
        let part = self.turned(apply(ops::Reshape { dims }, &[part], loc.clone()), loc);
        if part.dims() == x.dims() {
            return part;
        }
        let low = self.stretches.iter().map(|s| s.start).collect();
        let high = self.stretches.iter().zip(x.dims()).map(|(s, n)| n - s.limit()).collect();
        let interior = self.stretches.iter().map(|s| s.step - 1).collect();
        let pad = ops::Pad { low, high, interior };
        let there = apply(pad.clone(), &[Tensor::full(&part.dims(), true)], loc.clone());
        there.select(apply(pad, &[part], loc.clone()), x)
    }

    /// The part with the dimensions that integer arrays index made one; `None` without such arrays.
    pub(super) fn joint(&self, part: Tensor, loc: &Loc) -> Option<Joint> {
        if self.arrays.is_empty() {
            return None;
        }
        let axes =
            self.arrays.iter().filter_map(|(axis, _)| self.kept.iter().position(|k| k == axis)).collect();
        let kept_before = self.slots.iter().take_while(|s| **s != Slot::Arrays);
        let place = kept_before.filter(|s| matches!(s, Slot::Kept(_))).count();
        Some(Joint::of(part, axes, self.arrays.iter().map(|a| a.1).collect(), place, loc))
    }

    /// The result: what was read, with new dimensions.
    fn shaped(&self, read: Tensor, loc: &Loc) -> Tensor {
        if !self.slots.contains(&Slot::New) || read.is_poison() {
            return read;
        }
        apply(ops::Reshape { dims: self.result(&read.dims()) }, &[read], loc.clone())
    }

    /// The dimensions of the result, from those before new ones.
    fn result(&self, read: &[usize]) -> Dims {
        let arrays = read.len() - self.slots.iter().filter(|s| matches!(s, Slot::Kept(_))).count();
        let mut left = read.iter().copied();
        let mut dims = Dims::new();
        for slot in &self.slots {
            match slot {
                Slot::Kept(_) => dims.extend(left.by_ref().take(1)),
                Slot::New => dims.push(1),
                Slot::Arrays => dims.extend(left.by_ref().take(arrays)),
            }
        }
        dims
    }

    /// Updates broadcast to the elements an index reads, of dimensions `read`, without new dimensions.
    pub(super) fn updates(
        &self,
        op: &'static str,
        x: Tensor,
        v: Tensor,
        read: &[usize],
        loc: &Loc,
    ) -> Option<Tensor> {
        let both = crate::trace::promote(op, &[x, v], loc)?;
        if both[0].dtype() != x.dtype() {
            let found = format!("{op}: the tensor is {}, the new elements {}", x.ty(), v.ty());
            let help = "convert one with `.convert(dtype)`".into();
            fail(ErrorKind::Usage { found, help }, loc.clone());
            return None;
        }
        let dims = self.result(read);
        if !shape::broadcasts_to(&both[1].dims(), &dims) {
            let (left, right) = (dims.to_vec(), both[1].dims().to_vec());
            fail(ErrorKind::Broadcast { op, left, right }, loc.clone());
            return None;
        }
        Some(both[1].broadcast_to(&dims).reshape(read))
    }
}

/// The items with full ranges for the ellipsis, or at the end; too many are reported.
fn without_ellipsis(op: &'static str, mut items: Vec<Item>, dims: &[usize], loc: &Loc) -> Option<Vec<Item>> {
    let is_ellipsis = |i: &Item| matches!(i, Item::Ellipsis);
    let taken = items.iter().filter(|i| !matches!(i, Item::Ellipsis | Item::NewAxis)).count();
    let problem = match items.iter().filter(|i| is_ellipsis(i)).count() {
        0 | 1 if taken <= dims.len() => None,
        0 | 1 => Some((
            format!("{op}: {taken} positions for shape {dims:?}"),
            "give at most one for each dimension",
        )),
        n => {
            Some((format!("{op}: {n} ellipses in one index"), "one stands for all dimensions that are left"))
        }
    };
    if let Some((found, help)) = problem {
        fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
        return None;
    }
    let at = items.iter().position(is_ellipsis);
    let full = Item::Range { start: None, end: None, step: 1 };
    let rest = std::iter::repeat_n(full, dims.len() - taken);
    match at {
        Some(at) => drop(items.splice(at..=at, rest)),
        None => items.extend(rest),
    }
    Some(items)
}

/// The positions of a range over a dimension of size `n`; bounds beyond it are moved into it. A step of zero, and a range
/// written downwards, are reported.
fn stretch(
    op: &'static str,
    (start, end, step): (Option<isize>, Option<isize>, isize),
    n: usize,
    axis: usize,
    loc: &Loc,
) -> Option<Stretch> {
    let place = |x: isize| if x < 0 { n.saturating_sub(x.unsigned_abs()) } else { n.min(x.unsigned_abs()) };
    let (low, high) = (start.map_or(0, place), end.map_or(n, place));
    let found = match step {
        0 => format!("{op}: a range of dimension {axis} with step 0"),
        1.. => return Some(Stretch::of(n, low, high, step)),
        _ if low <= high => return Some(Stretch::of(n, low, high, step)),
        _ => format!("{op}: a range of dimension {axis} from {low} down to {high} with step {step}"),
    };
    let help = "ranges go up, and a negative step reads them backwards: NumPy's 4:0:-2 is `step(1..5, -2)`";
    fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
    None
}

/// The position that a possibly negative one means; one outside is reported.
fn inside(op: &'static str, i: isize, n: usize, axis: usize, loc: &Loc) -> Option<usize> {
    let found = shape::axis(i, n);
    if found.is_none() {
        let found = format!("{op}: position {i} of dimension {axis}, which has size {n}");
        let help = format!("positions run from -{n} to {n} exclusive");
        fail(ErrorKind::Usage { found, help }, loc.clone());
    }
    found
}

/// Positions of an integer array counted from the start; what is not an integer, or known to lie outside, is reported.
fn positions(op: &'static str, at: Tensor, n: usize, axis: usize, loc: &Loc) -> Option<Tensor> {
    if at.is_poison() {
        return None;
    }
    if !at.dtype().is_integer() {
        let found = format!("{op}: an index of type {}", at.ty());
        let help = match at.dtype() {
            DType::Bool => "the number of true elements is not known before a run: use `select`",
            _ => "an index is made of integers",
        };
        fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
        return None;
    }
    let known = constant_of(at).and_then(|x| x.convert(DType::I64).as_slice::<i64>().map(<[i64]>::to_vec));
    if let Some(list) = known {
        let list = list
            .into_iter()
            .map(|i| inside(op, isize::try_from(i).unwrap_or(isize::MAX), n, axis, loc).map(|i| i as i64));
        let list = Array::new(at.dims(), list.collect::<Option<Vec<i64>>>()?).ok()?;
        return Some(Tensor::from(list));
    }
    if !is_signed(at.dtype()) {
        return Some(at);
    }
    Some(at.less(0i64).select(at + n, at))
}
