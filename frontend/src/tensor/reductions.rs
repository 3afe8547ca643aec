//! Reductions of tensors over dimensions.

use pyroxene_ir::{DType, Dims, Loc, ops};

use super::{
    Tensor,
    axes::{Axes, keepdims},
};
use crate::trace::{DEFAULT_INT, ErrorKind, apply, composed, fail};

/// For each function `name` over all elements, in terms of the one over axes.
macro_rules! over_all { ($($(#[$doc:meta])* $name:ident $along:ident),* $(,)?) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self) -> Tensor {
            composed(Loc::caller(), || self.$along(..))
        }
    )* }
} }
over_all! {
    /// The sum of all elements. Truth values are counted.
    sum sum_axis,
    /// The product of all elements.
    prod prod_axis,
    /// The largest element, NaN if one is; ties share the derivative.
    max max_axis,
    /// The smallest element, NaN if one is; ties share the derivative.
    min min_axis,
    /// The mean of all elements; NaN of none.
    mean mean_axis,
    /// The variance of all elements, with their number as divisor.
    var var_axis,
    /// The standard deviation of all elements, with their number as divisor.
    std std_axis,
    /// `ln Σ eˣ` over all elements, without overflow.
    logsumexp logsumexp_axis,
    /// Whether all elements are true; true of none.
    all all_axis,
    /// Whether an element is true; false of none.
    any any_axis,
}

impl Tensor {
    /// The sums over `axes`, which disappear. Truth values are counted.
    #[track_caller]
    pub fn sum_axis(self, axes: impl Into<Axes>) -> Tensor {
        let loc = Loc::caller();
        self.reduce("sum_axis", &axes.into(), &loc, |x, axes| x.sum_over(axes, &loc))
    }

    fn sum_over(self, axes: Dims, loc: &Loc) -> Tensor {
        let x = self.as_countable(loc.clone());
        if axes.is_empty() { x } else { apply(ops::ReduceSum { axes }, &[x], loc.clone()) }
    }

    /// The tensor as an operand of sums and products: truth values become integers.
    pub(super) fn as_countable(self, loc: Loc) -> Tensor {
        match self.dtype() {
            DType::Bool if !self.is_poison() => apply(ops::Convert { dtype: DEFAULT_INT }, &[self], loc),
            _ => self,
        }
    }

    /// The sums over the `n` rightmost dimensions.
    #[track_caller]
    pub fn sum_rightmost(self, n: usize) -> Tensor {
        let rank = self.rank();
        self.sum_over((rank.saturating_sub(n)..rank).collect(), &Loc::caller())
    }

    /// Whether all elements over `axes`, which disappear, are true.
    #[track_caller]
    pub fn all_axis(self, axes: impl Into<Axes>) -> Tensor {
        let loc = Loc::caller();
        self.reduce("all_axis", &axes.into(), &loc, |x, axes| {
            apply(ops::ReduceAnd { axes }, &[x], loc.clone())
        })
    }

    /// Whether an element over `axes`, which disappear, is true.
    #[track_caller]
    pub fn any_axis(self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        composed(Loc::caller(), || !(!self).all_axis(axes))
    }

    /// Whether all elements along the `n` rightmost dimensions are true.
    #[track_caller]
    pub fn all_rightmost(self, n: usize) -> Tensor {
        let rank = self.rank();
        let axes: Dims = (rank.saturating_sub(n)..rank).collect();
        if axes.is_empty() { self } else { apply(ops::ReduceAnd { axes }, &[self], Loc::caller()) }
    }

    /// The largest elements over `axes`, which disappear, NaN if one is; ties share the derivative.
    #[track_caller]
    pub fn max_axis(self, axes: impl Into<Axes>) -> Tensor {
        let loc = Loc::caller();
        self.reduce("max_axis", &axes.into(), &loc, |x, axes| match x.filled_over("max_axis", &axes, &loc) {
            true => apply(ops::ReduceMax { axes }, &[x], loc.clone()),
            false => Tensor::POISON,
        })
    }

    /// The smallest elements over `axes`, which disappear, NaN if one is; ties share the derivative.
    #[track_caller]
    pub fn min_axis(self, axes: impl Into<Axes>) -> Tensor {
        let loc = Loc::caller();
        self.reduce("min_axis", &axes.into(), &loc, |x, axes| match x.filled_over("min_axis", &axes, &loc) {
            true => apply(ops::ReduceMin { axes }, &[x], loc.clone()),
            false => Tensor::POISON,
        })
    }

    /// Whether there is an element over the axes; extremes of nothing are an error.
    pub(super) fn filled_over(self, op: &'static str, axes: &[usize], loc: &Loc) -> bool {
        let empty = axes.iter().find(|a| self.size(**a) == 0);
        if let Some(axis) = empty {
            let found = format!("`{op}` of {}, which has no elements along dimension {axis}", self.ty());
            let help = "reduce at least one element".to_string();
            fail(ErrorKind::Usage { found, help }, loc.clone());
        }
        empty.is_none()
    }

    /// The products over `axes`, which disappear; derivatives need no division, so zeros do no harm.
    #[track_caller]
    pub fn prod_axis(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), axes.into());
        let x = self.as_countable(loc.clone());
        x.reduce("prod_axis", &axes, &loc, |x, axes| apply(ops::ReduceProd { axes }, &[x], loc.clone()))
    }

    /// The means over `axes`, which disappear; NaN of nothing. Integers become floats.
    #[track_caller]
    pub fn mean_axis(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), axes.into());
        composed(loc.clone(), || {
            self.as_float(loc.clone()).reduce("mean_axis", &axes, &loc, |x, over| x.mean_over(&over, 0.0))
        })
    }

    /// The sum over dimensions by their number less `ddof`.
    fn mean_over(self, over: &[usize], ddof: f64) -> Tensor {
        let n: f64 = over.iter().map(|a| self.size(*a) as f64).product();
        self.sum_axis(over) / (n - ddof).max(0.0)
    }

    /// The variances over `axes`, which disappear, with the number of elements as divisor.
    #[track_caller]
    pub fn var_axis(self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        composed(Loc::caller(), || self.variance("var_axis", &axes, 0.0))
    }

    /// The variances over `axes`, which disappear, with the number of elements less `ddof` as divisor (NumPy's `ddof`).
    #[track_caller]
    pub fn var_ddof(self, axes: impl Into<Axes>, ddof: f64) -> Tensor {
        let axes = axes.into();
        composed(Loc::caller(), || self.variance("var_ddof", &axes, ddof))
    }

    fn variance(self, op: &'static str, axes: &Axes, ddof: f64) -> Tensor {
        let loc = Loc::caller();
        self.as_float(loc.clone()).reduce(op, axes, &loc, |x, over| {
            let mean = x.reduce(op, &keepdims(&over[..]), &loc, |x, over| x.mean_over(&over, 0.0));
            (x - mean).square().mean_over(&over, ddof)
        })
    }

    /// The standard deviations over `axes`, which disappear, with the number of elements as divisor.
    #[track_caller]
    pub fn std_axis(self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        composed(Loc::caller(), || self.variance("std_axis", &axes, 0.0).sqrt())
    }

    /// The standard deviations over `axes`, which disappear, with the number of elements less `ddof` as divisor.
    #[track_caller]
    pub fn std_ddof(self, axes: impl Into<Axes>, ddof: f64) -> Tensor {
        let axes = axes.into();
        composed(Loc::caller(), || self.variance("std_ddof", &axes, ddof).sqrt())
    }

    /// The elements less the largest over the axes, and that largest, with the axes of size one: zero where infinite.
    /// No derivative flows through it, since results do not depend on it.
    fn centred(self, over: &Axes, loc: &Loc) -> (Tensor, Tensor) {
        let x = self.as_float(loc.clone());
        // Of nothing the largest is −∞.
        let largest = |x: Tensor, axes| apply(ops::ReduceMax { axes }, &[x], loc.clone());
        let largest = x.reduce("max_axis", over, loc, largest).stop_gradient();
        let largest = largest.is_finite().select(largest, 0.0);
        (x - largest, largest)
    }

    /// `ln Σ eˣ` over `axes`, which disappear, without overflow; −∞ of nothing but −∞, with derivative zero.
    #[track_caller]
    pub fn logsumexp_axis(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), axes.into());
        composed(loc.clone(), || {
            self.reduce("logsumexp_axis", &axes, &loc, |x, over| {
                let (x, largest) = x.centred(&keepdims(&over[..]), &loc);
                let sum = x.exp().sum_axis(&over[..]);
                let none = sum.equal(0.0);
                let log = none.select(f64::NEG_INFINITY, none.select(1.0, sum).log());
                log + largest.reshape(&log.dims())
            })
        })
    }

    /// `eˣ / Σ eˣ` over `axes`.
    #[track_caller]
    pub fn softmax(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), keepdims(axes));
        composed(loc.clone(), || {
            if self.resolve_axes("softmax", &axes, &loc).is_none() {
                return Tensor::POISON;
            }
            let weights = self.centred(&axes, &loc).0.exp();
            weights / weights.sum_axis(axes)
        })
    }

    /// `x − ln Σ eˣ` over `axes`.
    #[track_caller]
    pub fn log_softmax(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), keepdims(axes));
        composed(loc.clone(), || {
            if self.resolve_axes("log_softmax", &axes, &loc).is_none() {
                return Tensor::POISON;
            }
            let (x, _) = self.centred(&axes, &loc);
            x - x.exp().sum_axis(axes).log()
        })
    }
}
