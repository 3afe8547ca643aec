//! Operators on tensors: arithmetic, logic, comparison and choice, with NumPy's broadcasting.

use std::ops as std_ops;

use pyroxene_ir::{DType, Loc, ops};

use super::Tensor;
use crate::trace::{self, apply, composed};

macro_rules! binary { ($($Trait:ident $method:ident $Op:ident),*) => { $(
    impl<T: Into<Tensor>> std_ops::$Trait<T> for Tensor {
        type Output = Tensor;
        #[track_caller]
        fn $method(self, other: T) -> Tensor {
            Tensor::elementwise(ops::$Op, &[self, other.into()], Loc::caller())
        }
    }
    binary!(@literal $Trait $method $Op f64);
    binary!(@literal $Trait $method $Op i64);
)* };
(@literal $Trait:ident $method:ident $Op:ident $t:ty) => {
    impl std_ops::$Trait<Tensor> for $t {
        type Output = Tensor;
        #[track_caller]
        fn $method(self, other: Tensor) -> Tensor {
            Tensor::elementwise(ops::$Op, &[self.into(), other], Loc::caller())
        }
    }
} }
binary!(Add add Add, Sub sub Sub, Mul mul Mul, Div div Div, Rem rem Rem);

macro_rules! logical { ($($Trait:ident $method:ident $Op:ident),*) => { $(
    impl std_ops::$Trait for Tensor {
        type Output = Tensor;
        #[track_caller]
        fn $method(self, other: Tensor) -> Tensor {
            Tensor::elementwise(ops::$Op, &[self, other], Loc::caller())
        }
    }
)* } }
logical!(BitAnd bitand And, BitOr bitor Or, BitXor bitxor Xor);

impl<T: Into<Tensor>> std_ops::Shl<T> for Tensor {
    type Output = Tensor;
    /// The bits of integers moved up; zero where by their width or more.
    #[track_caller]
    fn shl(self, by: T) -> Tensor {
        Tensor::elementwise(ops::ShiftLeft, &[self, by.into()], Loc::caller())
    }
}

impl<T: Into<Tensor>> std_ops::Shr<T> for Tensor {
    type Output = Tensor;
    /// The bits of integers moved down. The sign moves in, as in Rust and NumPy: zeros for unsigned types.
    #[track_caller]
    fn shr(self, by: T) -> Tensor {
        let (by, loc) = (by.into(), Loc::caller());
        let down = |x: Tensor| Tensor::elementwise(ops::ShiftRight, &[x, by], loc.clone());
        match self.dtype() {
            DType::I32 | DType::I64 => {
                composed(loc.clone(), || self.less(0i64).select(!down(!self), down(self)))
            }
            _ => down(self),
        }
    }
}

impl std_ops::Neg for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        apply(ops::Neg, &[self], Loc::caller())
    }
}

impl std_ops::Not for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn not(self) -> Tensor {
        apply(ops::Not, &[self], Loc::caller())
    }
}

macro_rules! comparisons { ($($(#[$doc:meta])* $name:ident $Op:ident),* $(,)?) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self, other: impl Into<Tensor>) -> Tensor {
            let op = ops::Compare(ops::Comparison::$Op);
            Tensor::elementwise(op, &[self, other.into()], Loc::caller())
        }
    )* }
} }
comparisons! {
    /// `x = y`, element by element.
    equal Eq,
    /// `x ≠ y`.
    not_equal Ne,
    /// `x < y`.
    less Lt,
    /// `x ≤ y`.
    less_equal Le,
    /// `x > y`.
    greater Gt,
    /// `x ≥ y`.
    greater_equal Ge,
}

impl Tensor {
    /// The larger of two, NaN if either is.
    #[track_caller]
    pub fn maximum(self, other: impl Into<Tensor>) -> Tensor {
        Tensor::elementwise(ops::Max, &[self, other.into()], Loc::caller())
    }

    /// The smaller of two, NaN if either is.
    #[track_caller]
    pub fn minimum(self, other: impl Into<Tensor>) -> Tensor {
        Tensor::elementwise(ops::Min, &[self, other.into()], Loc::caller())
    }

    /// Where this truth value holds `x`, else `y`; the three broadcast together (NumPy's `where`).
    #[track_caller]
    pub fn select(self, x: impl Into<Tensor>, y: impl Into<Tensor>) -> Tensor {
        let loc = Loc::caller();
        let Some(branches) = trace::promote("select", &[x.into(), y.into()], &loc) else {
            return Tensor::POISON;
        };
        let all = [self, branches[0], branches[1]];
        let Some(dims) = trace::broadcast_dims("select", &all, &loc) else { return Tensor::POISON };
        let weak = branches.iter().all(|t| t.is_weak());
        apply(ops::Select, &all.map(|t| t.broadcast_at(&dims, loc.clone())), loc).with_weak(weak)
    }
}
