//! Axes: which dimensions an operation runs over, and whether they stay.

use std::ops::RangeFull;

use pyroxene_ir::{Dims, Loc, ops, shape};
use smallvec::SmallVec;

use super::Tensor;
use crate::trace::{ErrorKind, apply, fail};

/// The dimensions a reduction runs over: one, a list, or all (`..`); negative ones count from the right.
///
/// ```
/// use pyroxene_frontend::{eval, keepdims, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = || Tensor::arange(6).reshape(&[2, 3]).convert(DType::F64);
/// assert_eq!(eval(|| x().sum_axis(-1))?, Array::from([3.0, 12.0]));
/// assert_eq!(eval(|| x().max_axis([0, 1]))?, Array::from(5.0));
/// assert_eq!(eval(|| x().mean_axis(keepdims(0)))?.dims(), [1, 3]);
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axes {
    /// `None` is all.
    list: Option<SmallVec<[isize; 4]>>,
    keepdims: bool,
}

/// The same axes, which stay in the result with size one (NumPy's `keepdims`), so that it broadcasts with the operand.
pub fn keepdims(axes: impl Into<Axes>) -> Axes {
    Axes { keepdims: true, ..axes.into() }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Axes {
        Axes { list: None, keepdims: false }
    }
}

impl Axes {
    /// A list from integers of any type; one that is no `isize` is far outside any tensor.
    fn of<T: TryInto<isize> + Copy>(list: &[T]) -> Axes {
        let list = list.iter().map(|a| (*a).try_into().unwrap_or(isize::MAX)).collect();
        Axes { list: Some(list), keepdims: false }
    }
}

macro_rules! axes_from { ($($t:ty),*) => { $(
    impl From<$t> for Axes {
        fn from(axis: $t) -> Axes { Axes::of(&[axis]) }
    }
    impl From<&[$t]> for Axes {
        fn from(axes: &[$t]) -> Axes { Axes::of(axes) }
    }
    impl<const N: usize> From<[$t; N]> for Axes {
        fn from(axes: [$t; N]) -> Axes { Axes::of(&axes) }
    }
    impl<const N: usize> From<&[$t; N]> for Axes {
        fn from(axes: &[$t; N]) -> Axes { Axes::of(axes) }
    }
)* } }
axes_from!(i32, i64, isize, usize);

impl Tensor {
    /// The dimension that `axis` names; one that is not there is reported.
    pub(super) fn resolve_axis(self, op: &'static str, axis: isize, loc: &Loc) -> Option<usize> {
        if self.is_poison() {
            return None;
        }
        resolve(op, axis, &self.dims(), loc)
    }

    /// The dimensions that `axes` name, increasing; wrong ones are reported.
    pub(super) fn resolve_axes(self, op: &'static str, axes: &Axes, loc: &Loc) -> Option<Dims> {
        if self.is_poison() {
            return None;
        }
        axes.resolve(op, &self.dims(), loc)
    }

    /// All elements as a vector.
    #[track_caller]
    pub(super) fn flat(self) -> Tensor {
        if self.rank() == 1 || self.is_poison() {
            return self;
        }
        self.reshape(&[self.ty().len()])
    }

    /// The size along a resolved axis.
    pub(super) fn size(self, axis: usize) -> usize {
        self.dims().get(axis).copied().unwrap_or(1)
    }

    /// The elements from `start` to `limit` along an axis.
    pub(super) fn part(self, axis: usize, start: usize, limit: usize, loc: &Loc) -> Tensor {
        let dims = self.dims();
        if axis >= dims.len() {
            return Tensor::POISON;
        }
        apply(ops::Slice::along(&dims, axis, start, limit), &[self], loc.clone())
    }

    /// A reduction by `f` over the dimensions that `axes` name, which stay with size one where that is asked for.
    pub(super) fn reduce(
        self,
        op: &'static str,
        axes: &Axes,
        loc: &Loc,
        f: impl FnOnce(Tensor, Dims) -> Tensor,
    ) -> Tensor {
        let Some(over) = self.resolve_axes(op, axes, loc) else { return Tensor::POISON };
        let mut dims = self.dims();
        let reduced = f(self, over.clone());
        if !axes.keepdims || reduced.is_poison() {
            return reduced;
        }
        over.iter().for_each(|a| dims[*a] = 1);
        apply(ops::Reshape { dims }, &[reduced], loc.clone())
    }
}

fn resolve(op: &'static str, axis: isize, dims: &[usize], loc: &Loc) -> Option<usize> {
    let found = shape::axis(axis, dims.len());
    if found.is_none() {
        fail(ErrorKind::Axis { op, axis, dims: dims.to_vec() }, loc.clone());
    }
    found
}

impl Axes {
    /// The dimensions of `dims` named, increasing; wrong ones are reported.
    pub(super) fn resolve(&self, op: &'static str, dims: &[usize], loc: &Loc) -> Option<Dims> {
        let Some(list) = &self.list else { return Some((0..dims.len()).collect()) };
        let mut found = list.iter().map(|a| resolve(op, *a, dims, loc)).collect::<Option<Dims>>()?;
        found.sort_unstable();
        if let Some(twice) = found.windows(2).find(|w| w[0] == w[1]) {
            let found = format!("{op}: axes {list:?} name dimension {} of shape {dims:?} twice", twice[0]);
            fail(ErrorKind::Usage { found, help: "name each dimension once".into() }, loc.clone());
            return None;
        }
        Some(found)
    }

    /// The number of axes in a list.
    pub(super) fn count(&self) -> Option<usize> {
        self.list.as_ref().map(SmallVec::len)
    }
}
