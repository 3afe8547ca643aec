//! What draws ask of their arguments: element types, dimensions, and domains of parameters known while tracing.

use std::{cell::Cell, cmp::Ordering};

use pyroxene_ir::{Array, DType, Dims, Loc, shape};

use crate::{
    tensor::Tensor,
    trace::{self, ErrorKind, fail},
};

/// The dimensions asked of a draw that has parameters: a list, or `None` for those that the parameters broadcast to.
pub trait IntoShape {
    /// The dimensions, if given.
    fn into_shape(self) -> Option<Dims>;
}

macro_rules! shapes { ($([$($generics:tt)*] $t:ty),* $(,)?) => { $(
    impl<$($generics)*> IntoShape for $t {
        fn into_shape(self) -> Option<Dims> { Some(Dims::from_slice(self.as_ref())) }
    }
)* } }
shapes!([] &[usize], [] &Dims, [] &Vec<usize>, [const N: usize] &[usize; N]);

impl IntoShape for Option<&[usize]> {
    fn into_shape(self) -> Option<Dims> {
        self.map(Dims::from_slice)
    }
}

/// The values a parameter may have.
pub(super) struct Domain {
    holds: fn(f64) -> bool,
    words: &'static str,
}

pub(super) const POSITIVE: Domain = Domain { holds: |x| x > 0.0, words: "a number above 0" };
pub(super) const NOT_NEGATIVE: Domain = Domain { holds: |x| x >= 0.0, words: "a number not below 0" };
const PROBABILITY: Domain =
    Domain { holds: |x| (0.0..=1.0).contains(&x), words: "a probability, from 0 to 1" };

/// A call of a draw: its name and the user's line, for errors, and whether there was one.
pub(super) struct Call {
    name: &'static str,
    pub(super) loc: Loc,
    failed: Cell<bool>,
}

impl Call {
    #[track_caller]
    pub(super) fn new(name: &'static str) -> Call {
        Call { name, loc: Loc::caller(), failed: Cell::new(false) }
    }

    /// Records an error of usage.
    pub(super) fn fail(&self, found: impl std::fmt::Display, help: &str) {
        self.failed.set(true);
        let found = format!("{}: {found}", self.name);
        fail(ErrorKind::Usage { found, help: help.into() }, self.loc.clone());
    }

    /// Whether draws may have the element type; an error otherwise.
    fn accepts(&self, dtype: DType, fits: bool, kind: &str) -> Option<()> {
        if !fits {
            self.fail(format_args!("draws of element type {dtype}"), &format!("ask for {kind}"));
        }
        fits.then_some(())
    }

    pub(super) fn float(&self, dtype: DType) -> Option<()> {
        self.accepts(dtype, dtype.is_float(), "f32 or f64")
    }

    pub(super) fn integer(&self, dtype: DType) -> Option<()> {
        self.accepts(dtype, dtype.is_integer(), "i32, i64, u32 or u64")
    }

    /// Reports a parameter that is a constant outside its domain.
    pub(super) fn domain(&self, param: &str, x: Tensor, domain: &Domain) {
        let Some(value) = trace::constant_of(x) else { return };
        if let Some(bad) = value.to_f64_vec().into_iter().find(|x| !(domain.holds)(*x)) {
            self.fail(format_args!("`{param}` is {bad}"), &format!("give {}", domain.words));
        }
    }

    /// The float type of a probability, which decides how many bits are drawn.
    pub(super) fn probability(&self, p: Tensor) -> Option<DType> {
        self.domain("p", p, &PROBABILITY);
        let dtype = p.dtype();
        if !dtype.is_float() {
            self.fail(format_args!("`p` has element type {dtype}"), "give a float");
            return None;
        }
        Some(dtype)
    }

    /// Reports a range between constants that is empty.
    pub(super) fn range(&self, low: Tensor, high: Tensor) {
        let (Some(low), Some(high)) = (trace::constant_of(low), trace::constant_of(high)) else { return };
        let empty = |(low, high): &(f64, f64)| low.partial_cmp(high) != Some(Ordering::Less);
        if let Some((low, high)) = pairs(&low, &high).into_iter().find(empty) {
            self.fail(format_args!("the range from {low} to {high} is empty"), "give a larger upper bound");
        }
    }

    /// The dimensions of a draw: those asked for, to which the parameters must broadcast, or else the parameters'.
    pub(super) fn shape(&self, shape: impl IntoShape, params: &[Tensor]) -> Option<Dims> {
        if params.iter().any(|p| p.is_poison()) {
            return None;
        }
        let dims: Vec<Dims> = params.iter().map(|p| p.dims()).collect();
        self.shape_of(shape, &dims.iter().map(|d| &d[..]).collect::<Vec<_>>())
    }

    /// The same of parameters with these dimensions. `None` after an error.
    pub(super) fn shape_of(&self, shape: impl IntoShape, params: &[&[usize]]) -> Option<Dims> {
        if self.failed.get() {
            return None;
        }
        let asked = shape.into_shape();
        let mut dims = asked.clone().unwrap_or_default();
        for own in params {
            let both = shape::broadcast(&dims, own);
            match (&asked, both) {
                (None, Some(both)) => dims = both,
                (Some(asked), Some(both)) if both == *asked => {}
                (None, None) => {
                    let (op, left, right) = (self.name, dims.to_vec(), own.to_vec());
                    fail(ErrorKind::Broadcast { op, left, right }, self.loc.clone());
                    return None;
                }
                (Some(asked), _) => {
                    let what = format!("{}: a parameter", self.name);
                    let expected = format!("one that broadcasts to the draw's shape {:?}", &asked[..]);
                    let (found, help) = (own.to_vec(), "ask for a shape that ends in the parameters'".into());
                    fail(ErrorKind::Shape { what, found, expected, help }, self.loc.clone());
                    return None;
                }
            }
        }
        Some(dims)
    }

    /// Parameters as floats of type `dtype`, broadcast to the dimensions of the draw.
    pub(super) fn params<const N: usize>(
        &self,
        shape: impl IntoShape,
        dtype: DType,
        params: [Tensor; N],
    ) -> Option<([Tensor; N], Dims)> {
        self.float(dtype)?;
        let dims = self.shape(shape, &params)?;
        let spread = |p: Tensor| {
            let fits = p.dtype() == dtype;
            let convert = pyroxene_ir::ops::Convert { dtype };
            let p = if fits { p.definite() } else { trace::apply(convert, &[p], self.loc.clone()) };
            p.broadcast_at(&dims, self.loc.clone())
        };
        Some((params.map(spread), dims))
    }
}

/// The elements of two arrays side by side, one of them perhaps alone; nothing where they need broadcasting.
fn pairs(x: &Array, y: &Array) -> Vec<(f64, f64)> {
    let (a, b) = (x.to_f64_vec(), y.to_f64_vec());
    match (&a[..], &b[..]) {
        ([a], _) => b.iter().map(|b| (*a, *b)).collect(),
        (_, [b]) => a.iter().map(|a| (*a, *b)).collect(),
        _ if x.dims() == y.dims() => a.into_iter().zip(b).collect(),
        _ => Vec::new(),
    }
}
