//! Running reductions along an axis.

use pyroxene_ir::{Loc, ops};

use super::Tensor;
use crate::trace::{apply, composed};

macro_rules! running { ($($(#[$doc:meta])* $name:ident $reverse:ident $By:ident $prepare:ident;)*) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self, axis: isize) -> Tensor {
            self.$prepare(Loc::caller()).cumulated(stringify!($name), axis, false, ops::Reduction::$By, Loc::caller())
        }

        #[doc = concat!("As [`Tensor::", stringify!($name), "`], from the last element to the first (`reverse` in `jax.lax`).")]
        #[track_caller]
        pub fn $reverse(self, axis: isize) -> Tensor {
            self.$prepare(Loc::caller()).cumulated(stringify!($reverse), axis, true, ops::Reduction::$By, Loc::caller())
        }
    )* }
} }
running! {
    /// The running sums along `axis`. Truth values are counted.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(eval(|| Tensor::from([1.0, 2.0, 3.0]).cumsum(0))?, Array::from([1.0, 3.0, 6.0]));
    /// assert_eq!(eval(|| Tensor::from([1.0, 2.0, 3.0]).cumsum_reverse(0))?, Array::from([6.0, 5.0, 3.0]));
    /// # Ok(()) }
    /// ```
    cumsum cumsum_reverse Sum as_countable;
    /// The running products along `axis`; derivatives need no division, so zeros do no harm.
    cumprod cumprod_reverse Prod as_countable;
    /// The running maxima along `axis`, NaN once one is; ties share the derivative.
    cummax cummax_reverse Max unchanged;
    /// The running minima along `axis`, NaN once one is; ties share the derivative.
    cummin cummin_reverse Min unchanged;
    /// The running `ln Σ eˣ` along `axis`, without overflow.
    cumlogsumexp cumlogsumexp_reverse LogSumExp as_float;
}

impl Tensor {
    fn unchanged(self, _loc: Loc) -> Tensor {
        self
    }

    fn cumulated(self, op: &'static str, axis: isize, reverse: bool, by: ops::Reduction, loc: Loc) -> Tensor {
        match self.resolve_axis(op, axis, &loc) {
            Some(axis) => apply(ops::Cumulate { axis, reverse, by }, &[self], loc),
            None => Tensor::POISON,
        }
    }

    /// The `y` with `y₀ = b₀` and `yₖ = aₖ yₖ₋₁ + bₖ` along `axis`, where `a` is this tensor; its first element is not read.
    /// The two broadcast together.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // An autoregressive process from its innovations.
    /// let y = eval(|| Tensor::from(0.5).linear_recurrence([1.0, 2.0, 4.0], 0))?;
    /// assert_eq!(y, Array::from([1.0, 2.5, 5.25]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn linear_recurrence(self, b: impl Into<Tensor>, axis: isize) -> Tensor {
        let (b, loc) = (b.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some(both) = crate::trace::promote("linear_recurrence", &[self, b], &loc) else {
                return Tensor::POISON;
            };
            let Some(dims) = crate::trace::broadcast_dims("linear_recurrence", &both, &loc) else {
                return Tensor::POISON;
            };
            let both: Vec<Tensor> = both.iter().map(|t| t.broadcast_to(&dims)).collect();
            match both[1].resolve_axis("linear_recurrence", axis, &loc) {
                Some(axis) => apply(ops::LinearRecurrence { axis, reverse: false }, &both, loc),
                None => Tensor::POISON,
            }
        })
    }
}
