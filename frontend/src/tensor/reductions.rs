//! Reductions of tensors beyond sums, and their running forms along an axis.

use pyroxene_ir::{Array, Dims, Loc, Ty, ops};

use super::Tensor;
use crate::trace::{self, ErrorKind, apply, fail};

/// `name` over all elements, in terms of `name_axis`.
macro_rules! over_all { ($($(#[$doc:meta])* $name:ident $along:ident),* $(,)?) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self) -> Tensor { self.flat().$along(0) }
    )* }
} }
over_all! {
    /// The largest element; ties share the derivative.
    max max_axis,
    /// The smallest element; ties share the derivative.
    min min_axis,
    /// The product of all elements.
    prod prod_axis,
    /// The mean of all elements.
    mean mean_axis,
    /// The variance of all elements, with their number as divisor.
    var var_axis,
    /// The standard deviation of all elements, with their number as divisor.
    std std_axis,
    /// `ln Σ eˣ` over all elements, without overflow.
    logsumexp logsumexp_axis,
}

impl Tensor {
    /// All elements as a vector.
    #[track_caller]
    pub(super) fn flat(self) -> Tensor {
        if self.rank() == 1 || self.is_poison() {
            return self;
        }
        self.reshape(&[self.dims().iter().product()])
    }

    /// The size along a resolved axis.
    fn size(self, axis: usize) -> usize {
        self.dims()[axis]
    }

    /// The result of a reduction with the axis back, of size one.
    #[track_caller]
    fn keep(self, axis: usize) -> Tensor {
        let mut dims = self.dims();
        if axis > dims.len() {
            return Tensor::POISON;
        }
        dims.insert(axis, 1);
        self.reshape(&dims)
    }

    /// The elements from `start` to `limit` along an axis.
    pub(super) fn part(self, axis: usize, start: usize, limit: usize, loc: &Loc) -> Tensor {
        let dims = self.dims();
        let (mut from, mut to): (Dims, Dims) = (dims.iter().map(|_| 0).collect(), dims);
        if axis >= to.len() {
            return Tensor::POISON;
        }
        (from[axis], to[axis]) = (start, limit);
        apply(ops::Slice::new(from, to), &[self], loc.clone())
    }

    /// The largest elements along `axis`, which disappears; ties share the derivative.
    #[track_caller]
    pub fn max_axis(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("max_axis", axis, &loc) else { return Tensor::POISON };
        match self.filled_along("max_axis", axis, &loc) {
            true => apply(ops::ReduceMax { axes: Dims::from_slice(&[axis]) }, &[self], loc),
            false => Tensor::POISON,
        }
    }

    /// The smallest elements along `axis`, which disappears; ties share the derivative.
    #[track_caller]
    pub fn min_axis(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("min_axis", axis, &loc) else { return Tensor::POISON };
        match self.filled_along("min_axis", axis, &loc) {
            true => apply(ops::ReduceMin { axes: Dims::from_slice(&[axis]) }, &[self], loc),
            false => Tensor::POISON,
        }
    }

    /// Whether there is an element along an axis; extremes of nothing are an error.
    fn filled_along(self, op: &'static str, axis: usize, loc: &Loc) -> bool {
        let empty = self.size(axis) == 0;
        if empty {
            let found = format!("`{op}` of {}, which has no elements along dimension {axis}", self.ty());
            let help = "reduce at least one element".to_string();
            fail(ErrorKind::Usage { found, help }, loc.clone());
        }
        !empty
    }

    /// The products along `axis`, which disappears, by halves: the derivative needs no division, so zeros do no harm.
    #[track_caller]
    pub fn prod_axis(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("prod_axis", axis, &loc) else { return Tensor::POISON };
        let mut dims = self.dims();
        dims.remove(axis);
        let mut x = self;
        while x.size(axis) > 1 {
            let (n, half) = (x.size(axis), x.size(axis) / 2);
            let product = x.part(axis, 0, half, &loc) * x.part(axis, half, 2 * half, &loc);
            let rest = x.part(axis, 2 * half, n, &loc);
            x = if n.is_multiple_of(2) {
                product
            } else {
                apply(ops::Concatenate { axis }, &[product, rest], loc.clone())
            };
            if x.is_poison() {
                return x;
            }
        }
        if x.size(axis) == 0 {
            let one = Array::filled(&Ty::new(x.dtype(), dims), 1.0);
            return trace::constant(one, false, loc);
        }
        x.reshape(&dims)
    }

    /// The means along `axis`, which disappears. Integers become floats.
    #[track_caller]
    pub fn mean_axis(self, axis: isize) -> Tensor {
        let x = self.as_float(Loc::caller());
        let sum = x.sum_axis(axis);
        if sum.is_poison() { sum } else { sum / x.dim(axis) as f64 }
    }

    /// The variances along `axis`, which disappears, with the number of elements as divisor.
    #[track_caller]
    pub fn var_axis(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(at) = self.resolve_axis("var_axis", axis, &loc) else { return Tensor::POISON };
        let x = self.as_float(loc);
        (x - x.mean_axis(axis).keep(at)).square().mean_axis(axis)
    }

    /// The standard deviations along `axis`, which disappears, with the number of elements as divisor.
    #[track_caller]
    pub fn std_axis(self, axis: isize) -> Tensor {
        self.var_axis(axis).sqrt()
    }

    /// The elements less the largest along an axis, and that largest, with the axis of size one: zero where infinite.
    /// No derivative flows through it, since results do not depend on it.
    #[track_caller]
    fn centred(self, axis: usize) -> (Tensor, Tensor) {
        let x = self.as_float(Loc::caller());
        let largest = apply(ops::ReduceMax { axes: Dims::from_slice(&[axis]) }, &[x], Loc::caller());
        let largest = largest.keep(axis).stop_gradient();
        let largest = largest.is_finite().select(largest, 0.0);
        (x - largest, largest)
    }

    /// `ln Σ eˣ` along `axis`, which disappears, without overflow; −∞ of nothing but −∞, with derivative zero.
    #[track_caller]
    pub fn logsumexp_axis(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("logsumexp_axis", axis, &loc) else { return Tensor::POISON };
        let (x, largest) = self.centred(axis);
        let sum = apply(ops::ReduceSum { axes: Dims::from_slice(&[axis]) }, &[x.exp()], loc);
        let none = sum.equal(0.0);
        let log = none.select(f64::NEG_INFINITY, none.select(1.0, sum).log());
        let dims = log.dims();
        if log.is_poison() { log } else { log + largest.reshape(&dims) }
    }

    /// `eˣ / Σ eˣ` along `axis`.
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("softmax", axis, &loc) else { return Tensor::POISON };
        let weights = self.centred(axis).0.exp();
        let sum = apply(ops::ReduceSum { axes: Dims::from_slice(&[axis]) }, &[weights], loc);
        weights / sum.keep(axis)
    }

    /// `x − ln Σ eˣ` along `axis`.
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("log_softmax", axis, &loc) else { return Tensor::POISON };
        let (x, _) = self.centred(axis);
        let sum = apply(ops::ReduceSum { axes: Dims::from_slice(&[axis]) }, &[x.exp()], loc);
        x - sum.log().keep(axis)
    }

    /// The running combinations along an axis by an associative function, in ⌈log₂ n⌉ steps (Hillis and Steele 1986).
    #[track_caller]
    fn running(self, op: &'static str, axis: isize, combine: impl Fn(Tensor, Tensor) -> Tensor) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis(op, axis, &loc) else { return Tensor::POISON };
        let n = self.size(axis);
        let (mut x, mut distance) = (self, 1);
        while distance < n {
            let head = x.part(axis, 0, distance, &loc);
            let tail = combine(x.part(axis, 0, n - distance, &loc), x.part(axis, distance, n, &loc));
            x = apply(ops::Concatenate { axis }, &[head, tail], loc.clone());
            distance *= 2;
        }
        x
    }

    /// The running sums along `axis`.
    #[track_caller]
    pub fn cumsum(self, axis: isize) -> Tensor {
        self.running("cumsum", axis, |x, y| x + y)
    }

    /// The running products along `axis`.
    #[track_caller]
    pub fn cumprod(self, axis: isize) -> Tensor {
        self.running("cumprod", axis, |x, y| x * y)
    }

    /// The running maxima along `axis`.
    #[track_caller]
    pub fn cummax(self, axis: isize) -> Tensor {
        self.running("cummax", axis, |x, y| x.maximum(y))
    }

    /// The running minima along `axis`.
    #[track_caller]
    pub fn cummin(self, axis: isize) -> Tensor {
        self.running("cummin", axis, |x, y| x.minimum(y))
    }

    /// The running `ln Σ eˣ` along `axis`, without overflow.
    #[track_caller]
    pub fn cumlogsumexp(self, axis: isize) -> Tensor {
        self.as_float(Loc::caller()).running("cumlogsumexp", axis, |x, y| x.logaddexp(y))
    }
}
