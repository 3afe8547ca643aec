//! Reductions of tensors over dimensions.

use pyroxene_ir::{Array, Dims, Loc, Ty, ops};

use super::Tensor;
use crate::trace::{self, ErrorKind, apply, build, fail};

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
    /// The sum of all elements.
    #[track_caller]
    pub fn sum(self) -> Tensor {
        build("sum", &[self], Loc::caller(), |g, v| g.sum_all(v[0]))
    }

    /// The sums over the `n` rightmost dimensions.
    #[track_caller]
    pub fn sum_rightmost(self, n: usize) -> Tensor {
        let rank = self.rank();
        let axes: Dims = (rank.saturating_sub(n)..rank).collect();
        if axes.is_empty() { self } else { apply(ops::ReduceSum { axes }, &[self], Loc::caller()) }
    }

    /// The sums along `axis`, which disappears.
    #[track_caller]
    pub fn sum_axis(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        match self.resolve_axis("sum_axis", axis, &loc) {
            Some(axis) => apply(ops::ReduceSum { axes: Dims::from_slice(&[axis]) }, &[self], loc),
            None => Tensor::POISON,
        }
    }

    /// Whether all elements along the `n` rightmost dimensions are true.
    #[track_caller]
    pub fn all_rightmost(self, n: usize) -> Tensor {
        let rank = self.rank();
        let axes: Dims = (rank.saturating_sub(n)..rank).collect();
        if axes.is_empty() { self } else { apply(ops::ReduceAnd { axes }, &[self], Loc::caller()) }
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
}
