//! Searching: positions of extremes, and of values among sorted ones.

use pyroxene_ir::{DType, Loc};

use super::{Tensor, axes::keepdims};
use crate::trace::{DEFAULT_INT, ErrorKind, composed, fail, promote};

/// Which of several places a value equal to sorted ones goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Before the equal ones.
    Left,
    /// After the equal ones.
    Right,
}

impl Tensor {
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
            let last = pyroxene_ir::ops::Take { axis: 0 };
            let last = crate::trace::apply(last, &[self, (longer - 1i64).minimum(n - 1)], Loc::caller());
            let before = match side {
                Side::Left => goes_before(last, values),
                Side::Right => !goes_before(values, last),
            };
            count = (before & longer.less_equal(n)).select(longer, count);
        }
        count
    }
}
