//! Tensors: copyable handles on values of the trace under construction, with operators and NumPy's broadcasting.

use std::marker::PhantomData;

use pyroxene_ir::{Array, DType, Dims, Loc, Ty, Val, shape};

use crate::trace::{self, ErrorKind, fail, type_of};

mod at;
mod axes;
mod contraction;
mod create;
mod einsum;
mod functions;
mod gather;
mod hyperbolic;
mod index;
mod joins;
mod joint;
mod linalg;
mod matrices;
mod operand;
mod operators;
mod products;
mod reductions;
mod running;
mod shapes;
mod sorting;
mod special;
mod systems;
mod updates;

pub use axes::{Axes, keepdims};
pub use index::{Ellipsis, Index, IndexItem, Item, NewAxis, slice, step};
pub(crate) use matrices::{triangular, triangular_root};
pub use operand::Operand;
pub use sorting::Side;
pub use systems::Triangle;

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

    /// The same value, which takes the element type of what it meets if `weak`.
    pub(crate) fn with_weak(self, weak: bool) -> Tensor {
        Tensor { weak, ..self }
    }

    /// The same value with a definite element type.
    pub(crate) fn definite(self) -> Tensor {
        Tensor { weak: false, ..self }
    }

    pub(crate) fn is_poison(self) -> bool {
        self == Tensor::POISON
    }

    /// Whether it is a constant that is false everywhere, as the mask of `mask(false)`.
    pub fn is_false(self) -> bool {
        crate::trace::is_constant(self, false)
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

macro_rules! arrays { ($($t:ty),*) => { $(
    impl<const N: usize> From<[$t; N]> for Tensor {
        /// A constant vector.
        #[track_caller]
        fn from(x: [$t; N]) -> Tensor {
            Tensor::from(Array::from(x))
        }
    }

    impl<const N: usize, const M: usize> From<[[$t; M]; N]> for Tensor {
        /// A constant matrix of these rows.
        #[track_caller]
        fn from(x: [[$t; M]; N]) -> Tensor {
            Tensor::from(Array::from(x))
        }
    }
)* } }
arrays!(f64, i64, bool);
