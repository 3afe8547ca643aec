//! Sorting and searching: orders, positions of extremes, and of values among sorted ones.

use pyroxene_ir::{DType, Loc, ops};

use super::{Tensor, axes::keepdims};
use crate::trace::{DEFAULT_INT, ErrorKind, apply, apply_all, composed, fail, promote};

/// Which of several places a value equal to sorted ones goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Before the equal ones.
    Left,
    /// After the equal ones.
    Right,
}

impl Tensor {
    /// The elements in ascending order along `axis`; NaN comes last.
    #[track_caller]
    pub fn sort(self, axis: isize) -> Tensor {
        self.sorted("sort", axis, false, &Loc::caller())[0]
    }

    /// The elements in descending order along `axis`; NaN comes first.
    #[track_caller]
    pub fn sort_descending(self, axis: isize) -> Tensor {
        self.sorted("sort_descending", axis, true, &Loc::caller())[0]
    }

    /// The positions along `axis` of the elements in ascending order; equal ones keep their order, NaN comes last.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(eval(|| Tensor::from([3.0, 1.0, 2.0]).argsort(0))?, Array::from([1i64, 2, 0]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn argsort(self, axis: isize) -> Tensor {
        self.sorted("argsort", axis, false, &Loc::caller())[1]
    }

    /// The positions along `axis` of the elements in descending order; equal ones keep their order, NaN comes first.
    #[track_caller]
    pub fn argsort_descending(self, axis: isize) -> Tensor {
        self.sorted("argsort_descending", axis, true, &Loc::caller())[1]
    }

    /// The `k` largest elements along the last dimension, in descending order, and their positions (`jax.lax.top_k`); of
    /// equal ones the first comes first, and NaN counts as the largest.
    #[track_caller]
    pub fn top_k(self, k: usize) -> (Tensor, Tensor) {
        let loc = Loc::caller();
        let [values, positions] = self.sorted("top_k", -1, true, &loc);
        let Some(last) = self.resolve_axis("top_k", -1, &loc) else {
            return (Tensor::POISON, Tensor::POISON);
        };
        if k > self.size(last) {
            let found = format!("top_k: {k} of {} elements", self.size(last));
            let none = fail(ErrorKind::Usage { found, help: "take at most all of them".into() }, loc);
            return (none, none);
        }
        (values.part(last, 0, k, &loc), positions.part(last, 0, k, &loc))
    }

    /// The elements in order, and their positions.
    fn sorted(self, op: &'static str, axis: isize, descending: bool, loc: &Loc) -> [Tensor; 2] {
        let Some(axis) = self.resolve_axis(op, axis, loc) else { return [Tensor::POISON; 2] };
        let positions = op != "sort" && op != "sort_descending";
        let sort = ops::Sort { axis, keys: 1, descending, positions };
        let results = apply_all(sort, &[self], 1 + usize::from(positions), loc.clone());
        [results[0], results.get(1).copied().unwrap_or(Tensor::POISON)]
    }

    /// The position along `axis`, which disappears, of the largest element: the first of several, and of the first NaN if
    /// there is one.
    #[track_caller]
    pub fn argmax(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || self.position_of("argmax", axis, Tensor::max_axis, &loc))
    }

    /// The position along `axis`, which disappears, of the smallest element: the first of several, and of the first NaN
    /// if there is one.
    #[track_caller]
    pub fn argmin(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || self.position_of("argmin", axis, Tensor::min_axis, &loc))
    }

    /// The first position at which the extreme is attained.
    fn position_of(
        self,
        op: &'static str,
        axis: isize,
        extreme: fn(Tensor, super::axes::Axes) -> Tensor,
        loc: &Loc,
    ) -> Tensor {
        let Some(at) = self.resolve_axis(op, axis, loc) else { return Tensor::POISON };
        if !self.filled_over(op, &[at], loc) {
            return Tensor::POISON;
        }
        let x = if self.dtype() == DType::Bool { self.convert(DType::I32) } else { self };
        let attains = x.equal(extreme(x, keepdims(at)));
        let attains = if x.dtype().is_float() { attains | x.is_nan() } else { attains };
        let (dims, n) = (x.dims(), x.size(at));
        let position = Tensor::counting(DEFAULT_INT, &dims, at, loc.clone());
        attains.select(position, n).min_axis(at)
    }

    /// Where each of `values` belongs among the elements of this vector, which are sorted (NumPy's `searchsorted`): the
    /// number of elements before it. NaN comes after all numbers.
    ///
    /// ```
    /// use pyroxene_frontend::{Side, eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = eval(|| Tensor::from([1.0, 2.0, 2.0, 5.0]).searchsorted([2.0, 9.0], Side::Left))?;
    /// assert_eq!(x, Array::from([1i64, 4]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn searchsorted(self, values: impl Into<Tensor>, side: Side) -> Tensor {
        let (values, loc) = (values.into(), Loc::caller());
        composed(loc.clone(), || {
            if self.rank() != 1 && !self.is_poison() {
                let (what, found) = ("searchsorted".to_string(), self.dims().to_vec());
                let (expected, help) = ("a vector".into(), "search the rows of a matrix one by one".into());
                return fail(ErrorKind::Shape { what, found, expected, help }, loc);
            }
            match promote("searchsorted", &[self, values], &loc) {
                Some(both) => both[0].bisected(both[1], side),
                None => Tensor::POISON,
            }
        })
    }

    /// Bisection in as many steps as the number of elements has bits.
    fn bisected(self, values: Tensor, side: Side) -> Tensor {
        let n = self.size(0);
        let mut count = Tensor::full(&values.dims(), 0i64).convert(DEFAULT_INT);
        if n == 0 || self.is_poison() || values.is_poison() {
            return count;
        }
        let goes_before = |x: Tensor, y: Tensor| match x.dtype().is_float() {
            true => x.less(y) | (y.is_nan() & !x.is_nan()),
            false => x.less(y),
        };
        for bit in (0..n.ilog2() + 1).rev() {
            // Whether the first `longer` elements all come before the value.
            let longer = count + (1i64 << bit);
            let last = apply(ops::Take { axis: 0 }, &[self, (longer - 1i64).minimum(n - 1)], Loc::caller());
            let before = match side {
                Side::Left => goes_before(last, values),
                Side::Right => !goes_before(values, last),
            };
            count = (before & longer.less_equal(n)).select(longer, count);
        }
        count
    }
}
