//! Reading and adding up at integer positions.

use pyroxene_ir::{DType, Dims, Loc, ops, shape};

use super::Tensor;
use crate::trace::{DEFAULT_INT, ErrorKind, apply, composed, fail};

impl Tensor {
    /// The slices at the integers `index` of the first dimension. An index outside is an error of the data where it is
    /// known before a run, and is clamped otherwise (NumPy's `take` with mode `clip`: -1 means 0, not the end;
    /// [`Tensor::at`] counts from the end).
    #[track_caller]
    pub fn take(self, index: impl Into<Tensor>) -> Tensor {
        self.taken("take", index.into(), 0, Loc::caller())
    }

    /// The slices at the integers `index` along `axis`, which the dimensions of the index replace; as [`Tensor::take`].
    #[track_caller]
    pub fn take_axis(self, index: impl Into<Tensor>, axis: isize) -> Tensor {
        self.taken("take_axis", index.into(), axis, Loc::caller())
    }

    fn taken(self, op: &'static str, index: Tensor, axis: isize, loc: Loc) -> Tensor {
        let Some(axis) = self.resolve_axis(op, axis, &loc) else { return Tensor::POISON };
        if crate::primitives::is_taken_twice(self, index, &loc) {
            return Tensor::POISON;
        }
        composed(loc.clone(), || {
            let taken = apply(ops::Take { axis }, &[self, index], loc.clone());
            if !taken.is_poison() {
                check_inside(index, self.size(axis), &loc);
            }
            taken
        })
    }

    /// For each position of `index` the element of the same line along `axis` that its integer names: the other
    /// dimensions broadcast together, as in NumPy's `take_along_axis`. Positions outside are as in [`Tensor::take`].
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = eval(|| {
    ///     let x = Tensor::from([3.0, 1.0, 2.0, 6.0, 4.0, 5.0]).reshape(&[2, 3]);
    ///     x.take_along_axis(Tensor::from(Array::from([2i64, 0])).reshape(&[2, 1]), -1)
    /// })?;
    /// assert_eq!(x.as_slice(), Some(&[2.0, 6.0][..]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn take_along_axis(self, index: impl Into<Tensor>, axis: isize) -> Tensor {
        let (index, loc) = (index.into(), Loc::caller());
        composed(loc.clone(), || {
            let taken = self.entries_along_axis(index, axis, loc.clone());
            if let Some(axis) = shape::axis(axis, self.rank()).filter(|_| !taken.is_poison()) {
                check_inside(index, self.size(axis), &loc);
            }
            taken
        })
    }

    /// [`Tensor::take_along_axis`] without a check: positions outside are clamped.
    pub(crate) fn entries_along_axis(self, index: Tensor, axis: isize, loc: Loc) -> Tensor {
        let Some([x, index, line]) = self.lines("take_along_axis", index, axis, &loc) else {
            return Tensor::POISON;
        };
        let n = x.size(x.rank() - 1);
        let position = line + index.convert(DType::I64).clamp(0i64, n.saturating_sub(1));
        let read = apply(ops::Take { axis: 0 }, &[x.flat(), position], loc);
        read.moveaxis(-1, axis)
    }

    /// The tensor with `values` set at the positions that `index` names, each in its line along `axis` (NumPy's
    /// `put_along_axis`). Positions outside are dropped; where several meet, one of them stays: on the CPU the last.
    #[track_caller]
    pub fn put_along_axis(self, index: impl Into<Tensor>, values: impl Into<Tensor>, axis: isize) -> Tensor {
        let (index, values, loc) = (index.into(), values.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some([x, index, line]) = self.lines("put_along_axis", index, axis, &loc) else {
                return Tensor::POISON;
            };
            if x.dims()[..x.rank() - 1] != self.moveaxis(axis, -1).dims()[..x.rank() - 1] {
                let found = format!("put_along_axis: positions of type {} for {}", index.ty(), self.ty());
                let help = "the other dimensions of the index broadcast to the tensor's".into();
                return fail(ErrorKind::Usage { found, help }, loc);
            }
            let n = x.size(x.rank() - 1);
            let index = index.convert(DType::I64);
            let inside = index.greater_equal(0i64) & index.less(n);
            let position = inside.select(line + index, -1i64);
            let mut dims = index.dims();
            let at = shape::axis(axis, dims.len()).unwrap_or(0);
            if let Some(last) = dims.pop() {
                dims.insert(at, last);
            }
            let values = values.convert(x.dtype()).broadcast_to(&dims).moveaxis(axis, -1);
            let op = ops::Scatter { axis: 0, by: ops::Combine::Set };
            let written = apply(op, &[x.flat(), position, values], loc);
            written.reshape(&x.dims()).moveaxis(-1, axis)
        })
    }

    /// This tensor and an index with `axis` last, their other dimensions broadcast together, and for each element of the
    /// index where its line begins among all elements.
    fn lines(self, op: &'static str, index: Tensor, axis: isize, loc: &Loc) -> Option<[Tensor; 3]> {
        self.resolve_axis(op, axis, loc)?;
        index.resolve_axis(op, axis, loc)?;
        if self.rank() != index.rank() || !index.dtype().is_integer() {
            let found = format!("{op}: positions of type {} in {}", index.ty(), self.ty());
            let help = "the index has integers, and as many dimensions as the tensor".into();
            fail(ErrorKind::Usage { found, help }, loc.clone());
            return None;
        }
        let (x, index) = (self.moveaxis(axis, -1), index.moveaxis(axis, -1));
        let last = x.rank() - 1;
        let (x_dims, index_dims) = (x.dims(), index.dims());
        let Some(outer) = shape::broadcast(&x_dims[..last], &index_dims[..last]) else {
            let (left, right) = (self.dims().to_vec(), index_dims.to_vec());
            fail(ErrorKind::Broadcast { op, left, right }, loc.clone());
            return None;
        };
        let with = |n: usize| [&outer[..], &[n]].concat();
        let (x, index) = (x.broadcast_to(&with(x_dims[last])), index.broadcast_to(&with(index_dims[last])));
        let starts = Tensor::arange(outer.iter().product()) * x_dims[last];
        Some([x, index, starts.reshape(&with(1)).broadcast_to(&index.dims())])
    }
}

impl Tensor {
    /// The elements from the integer scalars `starts` on, `sizes` of them along each dimension (`jax.lax.dynamic_slice`).
    /// Starts are moved so that the slice lies inside.
    #[track_caller]
    pub fn dynamic_slice(self, starts: &[Tensor], sizes: &[usize]) -> Tensor {
        let loc = Loc::caller();
        let op = ops::DynamicSlice { sizes: Dims::from_slice(sizes) };
        apply(op, &[&[self], &scalars(starts, &loc)[..]].concat(), loc)
    }

    /// The tensor with `update` in the place of the elements from the integer scalars `starts` on
    /// (`jax.lax.dynamic_update_slice`). Starts are moved so that the update lies inside.
    #[track_caller]
    pub fn dynamic_update_slice(self, update: impl Into<Tensor>, starts: &[Tensor]) -> Tensor {
        let (update, loc) = (update.into(), Loc::caller());
        composed(loc.clone(), || {
            let update = update.convert(self.dtype());
            apply(ops::DynamicUpdateSlice, &[&[self, update], &scalars(starts, &loc)[..]].concat(), loc)
        })
    }
}

/// Integers in one element type.
fn scalars(starts: &[Tensor], loc: &Loc) -> Vec<Tensor> {
    let one = |t: &Tensor| match t.dtype().is_integer() && !t.is_poison() {
        true => apply(ops::Convert { dtype: DEFAULT_INT }, &[*t], loc.clone()),
        // The op says what it expects.
        false => *t,
    };
    starts.iter().map(one).collect()
}

/// Records that an index lies between 0 and `n`.
fn check_inside(index: Tensor, n: usize, loc: &Loc) {
    let holds = index.greater_equal(0i64) & index.less(n);
    let expected = format!("one from 0 to {}", n.saturating_sub(1));
    crate::primitives::check("the index", holds, index, expected, loc.clone());
}

macro_rules! segments { ($($(#[$doc:meta])* $name:ident $start:expr, $op:expr;)*) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self, segment: impl Into<Tensor>, n: usize) -> Tensor {
            let (segment, loc) = (segment.into(), Loc::caller());
            composed(loc.clone(), || {
                if self.resolve_axis(stringify!($name), 0, &loc).is_none() {
                    return Tensor::POISON;
                }
                let mut dims = self.dims();
                dims[0] = n;
                let start = Tensor::full(&dims, $start).convert(self.dtype());
                apply($op, &[start, segment, self], loc)
            })
        }
    )* }
} }
segments! {
    /// The sums of the slices along the first dimension that belong to each of `n` segments, as the integers `segment`
    /// say, one for each slice (`jax.ops.segment_sum`). Slices of a segment outside are dropped.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let segment = || Tensor::from(Array::from([0i64, 2, 0]));
    /// let x = eval(|| Tensor::from([1.0, 2.0, 4.0]).segment_sum(segment(), 3))?;
    /// assert_eq!(x, Array::from([5.0, 0.0, 2.0]));
    /// # Ok(()) }
    /// ```
    segment_sum 0.0, ops::ScatterAdd { axis: 0 };
    /// The products of the slices that belong to each of `n` segments; one of none. As [`Tensor::segment_sum`].
    segment_prod 1.0, ops::Scatter { axis: 0, by: ops::Combine::Mul };
    /// The largest of the slices that belong to each of `n` segments; the least value of the element type of none. As
    /// [`Tensor::segment_sum`].
    segment_max f64::NEG_INFINITY, ops::Scatter { axis: 0, by: ops::Combine::Max };
    /// The smallest of the slices that belong to each of `n` segments; the greatest value of the element type of none.
    /// As [`Tensor::segment_sum`].
    segment_min f64::INFINITY, ops::Scatter { axis: 0, by: ops::Combine::Min };
}

impl Tensor {
    /// How often each of the integers 0, 1, … `length` − 1 occurs among all elements; others are not counted.
    #[track_caller]
    pub fn bincount(self, length: usize) -> Tensor {
        composed(Loc::caller(), || {
            let index = self.flat();
            Tensor::full(&index.dims(), 1i64).convert(DEFAULT_INT).segment_sum(index, length)
        })
    }
}
