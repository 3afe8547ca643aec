//! Running reductions along an axis.

use pyroxene_ir::{Loc, ops};

use super::Tensor;
use crate::trace::apply;

impl Tensor {
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
