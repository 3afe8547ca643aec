//! Tensors: copyable handles on values of the trace under construction, with operators and NumPy's broadcasting.

use std::{marker::PhantomData, ops as std_ops};

use pyroxene_ir::{Array, DType, Dims, Loc, Ty, Val, ops, shape};

use crate::trace::{self, ErrorKind, apply, build, fail, type_of};

/// A symbolic value: what a model computes with.
///
/// A handle is two numbers, so it is `Copy`; it belongs to the trace that made it and to its thread. Operations never
/// fail on the spot: a wrong one is recorded with the caller's line and returns a stand-in, and the trace returns all
/// such errors at its end.
///
/// ```
/// use pyroxene_frontend::{Tensor, eval};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let y = eval(|| (Tensor::from([1.0, 2.0, 3.0]) * 2.0 + 1.0).sum())?;
/// assert_eq!(y.as_slice::<f64>(), Some(&[15.0][..]));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    id: u32,
    generation: u32,
    /// Made from literals alone: takes the element type of what it meets. The handle knows, not the value, since an
    /// array of the same bits is the same value and of a definite type.
    weak: bool,
    /// Handles index a thread-local stack, so they must not leave the thread.
    thread: PhantomData<*const ()>,
}

impl Tensor {
    /// What an operation that failed returns; operations on it fail silently, since its cause is recorded.
    pub(crate) const POISON: Tensor =
        Tensor { id: u32::MAX, generation: 0, weak: false, thread: PhantomData };

    pub(crate) fn new(v: Val, generation: u32, weak: bool) -> Tensor {
        Tensor { id: v.index() as u32, generation, weak, thread: PhantomData }
    }

    pub(crate) fn is_weak(self) -> bool {
        self.weak
    }

    /// The same value with a definite element type.
    pub(crate) fn definite(self) -> Tensor {
        Tensor { weak: false, ..self }
    }

    pub(crate) fn is_poison(self) -> bool {
        self == Tensor::POISON
    }

    pub(crate) fn val(self) -> Val {
        Val::from_index(self.id as usize)
    }

    pub(crate) fn generation(self) -> u32 {
        self.generation
    }

    /// The element type and dimensions; a float scalar after an error.
    pub fn ty(self) -> Ty {
        type_of(self).unwrap_or_else(|| Ty::scalar(trace::DEFAULT_FLOAT))
    }

    /// The dimensions, outermost first.
    pub fn dims(self) -> Dims {
        self.ty().dims
    }

    /// The number of dimensions.
    pub fn rank(self) -> usize {
        self.dims().len()
    }

    /// The element type.
    pub fn dtype(self) -> DType {
        self.ty().dtype
    }

    /// The size along `axis`, counted from the right when negative; 1 after an error.
    #[track_caller]
    pub fn dim(self, axis: isize) -> usize {
        let dims = self.dims();
        match shape::axis(axis, dims.len()) {
            Some(a) => dims[a],
            None => {
                if !self.is_poison() {
                    fail(ErrorKind::Axis { op: "dim", axis, dims: dims.to_vec() }, Loc::caller());
                }
                1
            }
        }
    }

    /// Every element `x`.
    #[track_caller]
    pub fn full(dims: &[usize], x: impl Into<Tensor>) -> Tensor {
        x.into().broadcast_to(dims)
    }

    /// The integers 0, 1, … n − 1.
    #[track_caller]
    pub fn arange(n: usize) -> Tensor {
        let dims = Dims::from_slice(&[n]);
        apply(ops::Iota { dtype: trace::DEFAULT_INT, dims, axis: 0 }, &[], Loc::caller())
    }
}

impl PartialEq for Tensor {
    /// Whether both stand for the same value.
    fn eq(&self, other: &Tensor) -> bool {
        (self.id, self.generation) == (other.id, other.generation)
    }
}

impl Eq for Tensor {}

impl From<Array> for Tensor {
    /// A constant. Data belong in the model's arguments, where a new value needs no new compilation.
    #[track_caller]
    fn from(value: Array) -> Tensor {
        trace::constant(value, false, Loc::caller())
    }
}

macro_rules! literals { ($($t:ty as $as:ty),*) => { $(
    impl From<$t> for Tensor {
        /// A literal: it takes the element type of what it meets.
        #[track_caller]
        fn from(x: $t) -> Tensor { trace::constant(Array::scalar(x as $as), true, Loc::caller()) }
    }
)* } }
literals!(f64 as f64, i32 as i64, i64 as i64);

impl From<usize> for Tensor {
    /// A literal: it takes the element type of what it meets. At most `i64::MAX`.
    #[track_caller]
    fn from(x: usize) -> Tensor {
        match i64::try_from(x) {
            Ok(x) => Tensor::from(x),
            Err(_) => {
                let (found, help) = (format!("the literal {x} is no i64"), "use an array of u64".to_string());
                fail(ErrorKind::Usage { found, help }, Loc::caller())
            }
        }
    }
}

impl From<bool> for Tensor {
    /// A literal truth value.
    #[track_caller]
    fn from(x: bool) -> Tensor {
        trace::constant(Array::scalar(x), false, Loc::caller())
    }
}

impl<const N: usize> From<[f64; N]> for Tensor {
    /// A constant vector.
    #[track_caller]
    fn from(x: [f64; N]) -> Tensor {
        Tensor::from(Array::from(x))
    }
}

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

macro_rules! float_functions { ($($(#[$doc:meta])* $name:ident $Op:ident),* $(,)?) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self) -> Tensor {
            let loc = Loc::caller();
            apply(ops::$Op, &[self.as_float(loc.clone())], loc)
        }
    )* }
} }
float_functions! {
    /// `eˣ`, element by element.
    exp Exp,
    /// `eˣ − 1`, accurate near zero.
    expm1 Expm1,
    /// `ln x`.
    log Log,
    /// `ln(1 + x)`, accurate near zero.
    log1p Log1p,
    /// `√x`.
    sqrt Sqrt,
    /// `tan x`, radians.
    tan Tan,
    /// `1 / (1 + e⁻ˣ)`, the inverse logit (JAX's `expit`).
    logistic Logistic,
    /// `ln(1 + eˣ)`.
    softplus Softplus,
    /// The inverse error function on (−1, 1).
    erf_inv ErfInv,
    /// Whether each element is neither infinite nor NaN.
    is_finite IsFinite,
}

// Below the macro, which one of them uses.
mod contraction;
mod einsum;
mod functions;
mod linalg;
mod matrices;
mod products;
mod reductions;

pub use linalg::Triangle;

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
    /// `|x|`, element by element.
    #[track_caller]
    pub fn abs(self) -> Tensor {
        apply(ops::Abs, &[self], Loc::caller())
    }

    /// −1, 0 or 1.
    #[track_caller]
    pub fn sign(self) -> Tensor {
        apply(ops::Sign, &[self], Loc::caller())
    }

    /// `x²`.
    #[track_caller]
    pub fn square(self) -> Tensor {
        apply(ops::Mul, &[self, self], Loc::caller())
    }

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
        apply(ops::Select, &all.map(|t| t.broadcast_at(&dims, loc.clone())), loc)
    }

    /// The elements in another element type.
    #[track_caller]
    pub fn convert(self, dtype: DType) -> Tensor {
        if type_of(self).is_some_and(|ty| ty.dtype == dtype) {
            return self.definite();
        }
        apply(ops::Convert { dtype }, &[self], Loc::caller())
    }

    /// The bits read as another element type of the same width.
    #[track_caller]
    pub fn bitcast(self, dtype: DType) -> Tensor {
        apply(ops::Bitcast { dtype }, &[self], Loc::caller())
    }

    /// The tensor broadcast to `dims`, NumPy's rule.
    #[track_caller]
    pub fn broadcast_to(self, dims: &[usize]) -> Tensor {
        self.broadcast_at(dims, Loc::caller())
    }

    /// The same elements in row-major order under other dimensions.
    #[track_caller]
    pub fn reshape(self, dims: &[usize]) -> Tensor {
        apply(ops::Reshape { dims: Dims::from_slice(dims) }, &[self], Loc::caller())
    }

    /// The dimensions permuted: dimension `i` of the result is dimension `permutation[i]`.
    #[track_caller]
    pub fn transpose(self, permutation: &[usize]) -> Tensor {
        apply(ops::Transpose { permutation: Dims::from_slice(permutation) }, &[self], Loc::caller())
    }

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

    /// The slice at position `index` of the first dimension, which disappears: `x.at(0)` of a vector is a scalar.
    #[track_caller]
    pub fn at(self, index: usize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("at", 0, &loc) else { return Tensor::POISON };
        let dims = self.dims();
        let (mut start, mut limit): (Dims, Dims) = (dims.iter().map(|_| 0).collect(), dims.clone());
        (start[axis], limit[axis]) = (index, index.saturating_add(1));
        let row = apply(ops::Slice::new(start, limit), &[self], loc.clone());
        apply(ops::Reshape { dims: Dims::from_slice(&dims[1..]) }, &[row], loc)
    }

    /// The slices at the integers `index` of the first dimension (NumPy's `x[index]`). An index outside is an error of
    /// the data where it is known before a run, and is clamped otherwise.
    #[track_caller]
    pub fn take(self, index: impl Into<Tensor>) -> Tensor {
        let (index, loc) = (index.into(), Loc::caller());
        if self.resolve_axis("take", 0, &loc).is_none() {
            return Tensor::POISON;
        }
        let taken = apply(ops::Take { axis: 0 }, &[self, index], loc.clone());
        if !taken.is_poison() {
            let size = self.dims()[0];
            let holds = index.greater_equal(0i64) & index.less(size);
            crate::primitives::check(
                holds,
                index,
                format!("an index from 0 to {}", size.saturating_sub(1)),
                loc,
            );
        }
        taken
    }

    /// Tensors one after another along the first dimension.
    #[track_caller]
    pub fn concatenate(parts: &[Tensor]) -> Tensor {
        let loc = Loc::caller();
        if parts.is_empty() {
            let found = "`concatenate` or `stack` of no tensors".to_string();
            let help = "give at least one; `Tensor::full(&[0], 0.0)` is an empty vector".into();
            return fail(ErrorKind::Usage { found, help }, loc);
        }
        match trace::promote("concatenate", parts, &loc) {
            Some(parts) => apply(ops::Concatenate { axis: 0 }, &parts, loc),
            None => Tensor::POISON,
        }
    }

    /// Tensors of equal shape side by side along a new first dimension.
    #[track_caller]
    pub fn stack(parts: &[Tensor]) -> Tensor {
        let rows: Vec<Tensor> = parts
            .iter()
            .map(|t| {
                let mut dims = t.dims();
                dims.insert(0, 1);
                t.reshape(&dims)
            })
            .collect();
        Tensor::concatenate(&rows)
    }

    fn resolve_axis(self, op: &'static str, axis: isize, loc: &Loc) -> Option<usize> {
        if self.is_poison() {
            return None;
        }
        let dims = self.dims();
        let found = shape::axis(axis, dims.len());
        if found.is_none() {
            fail(ErrorKind::Axis { op, axis, dims: dims.to_vec() }, loc.clone());
        }
        found
    }
}
