//! Trees: one declaration of a model's data for symbols, host arrays and specs.

mod source;

pub use pyroxene_frontend_derive::Tree;
use pyroxene_ir::{Array, Ty};

pub use source::{Floats, Source, SourceError, Static, Value, describe};

use crate::tensor::Tensor;

/// What stands at a leaf of a [`Tree`]: a symbol, a host array, or a type alone.
pub trait Leaf: Clone + 'static {}

/// A leaf that is only a type: enough to trace and compile, without data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec(pub Ty);

impl Leaf for Tensor {}
impl Leaf for Array {}
impl Leaf for Spec {}

/// The place of a leaf: `y`, `layers.0.w`.
#[derive(Clone, Default, Debug)]
pub struct Path(Vec<String>);

impl Path {
    /// Runs `f` with `name` appended.
    pub fn within<R>(&mut self, name: &str, f: impl FnOnce(&mut Path) -> R) -> R {
        self.0.push(name.to_string());
        let result = f(self);
        self.0.pop();
        result
    }

    /// The names from the root to this place.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// What a walk over a tree meets.
pub enum Visit<'a, L> {
    /// A leaf.
    Leaf(&'a L),
    /// A field marked `#[tree(static)]`, printed: part of the key of a compilation.
    Static(String),
    /// An optional leaf that is absent: presence is part of the key.
    Absent,
}

/// A structure with leaves of type `L`; derive it with `#[derive(Tree)]` on a struct generic over its leaves.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// #[derive(Tree, Clone)]
/// struct Schools<L: Leaf = Tensor> { sigma: L, y: Option<L> }
///
/// let data = Schools { sigma: Array::from([15.0, 10.0]), y: None };
/// let types: Schools<Spec> = spec(&data);
/// assert_eq!(types.sigma.0.to_string(), "f64[2]");
/// ```
pub trait Tree<L: Leaf>: Sized {
    /// The same structure with other leaves.
    type With<M: Leaf>: Tree<M>;

    /// Walks leaves and static fields, in the order of declaration.
    fn visit<'a>(&'a self, path: &mut Path, f: &mut dyn FnMut(&Path, Visit<'a, L>));

    /// The same structure with each leaf replaced.
    ///
    /// # Errors
    /// The first error of `f`.
    fn try_map<M: Leaf, E>(
        &self,
        path: &mut Path,
        f: &mut dyn FnMut(&Path, &L) -> Result<M, E>,
    ) -> Result<Self::With<M>, E>;

    /// The structure with its leaves and static fields from `source`: what a walk names is asked for under that name.
    ///
    /// # Errors
    /// When something is missing in the source, or is something else there.
    fn read(path: &mut Path, source: &mut dyn Source<L>) -> Result<Self, SourceError>;
}

impl<L: Leaf> Tree<L> for L {
    type With<M: Leaf> = M;
    fn visit<'a>(&'a self, path: &mut Path, f: &mut dyn FnMut(&Path, Visit<'a, L>)) {
        f(path, Visit::Leaf(self));
    }
    fn try_map<M: Leaf, E>(
        &self,
        path: &mut Path,
        f: &mut dyn FnMut(&Path, &L) -> Result<M, E>,
    ) -> Result<M, E> {
        f(path, self)
    }
    fn read(path: &mut Path, source: &mut dyn Source<L>) -> Result<L, SourceError> {
        source.leaf(path)
    }
}

impl<L: Leaf, T: Tree<L>> Tree<L> for Option<T> {
    type With<M: Leaf> = Option<T::With<M>>;
    fn visit<'a>(&'a self, path: &mut Path, f: &mut dyn FnMut(&Path, Visit<'a, L>)) {
        match self {
            Some(x) => x.visit(path, f),
            None => f(path, Visit::Absent),
        }
    }
    fn try_map<M: Leaf, E>(
        &self,
        path: &mut Path,
        f: &mut dyn FnMut(&Path, &L) -> Result<M, E>,
    ) -> Result<Option<T::With<M>>, E> {
        self.as_ref().map(|x| x.try_map(path, f)).transpose()
    }
    fn read(path: &mut Path, source: &mut dyn Source<L>) -> Result<Option<T>, SourceError> {
        if source.has(path) { T::read(path, source).map(Some) } else { Ok(None) }
    }
}

impl<L: Leaf, T: Tree<L>> Tree<L> for Vec<T> {
    type With<M: Leaf> = Vec<T::With<M>>;
    fn visit<'a>(&'a self, path: &mut Path, f: &mut dyn FnMut(&Path, Visit<'a, L>)) {
        for (i, x) in self.iter().enumerate() {
            path.within(&i.to_string(), |path| x.visit(path, f));
        }
    }
    fn try_map<M: Leaf, E>(
        &self,
        path: &mut Path,
        f: &mut dyn FnMut(&Path, &L) -> Result<M, E>,
    ) -> Result<Vec<T::With<M>>, E> {
        self.iter().enumerate().map(|(i, x)| path.within(&i.to_string(), |path| x.try_map(path, f))).collect()
    }
    fn read(path: &mut Path, source: &mut dyn Source<L>) -> Result<Vec<T>, SourceError> {
        (0..source.len(path)?).map(|i| path.within(&i.to_string(), |path| T::read(path, source))).collect()
    }
}

macro_rules! tuples { ($(($($T:ident $i:tt),*));* $(;)?) => { $(
    impl<L: Leaf, $($T: Tree<L>),*> Tree<L> for ($($T,)*) {
        type With<M: Leaf> = ($($T::With<M>,)*);
        #[allow(unused_variables)]
        fn visit<'a>(&'a self, path: &mut Path, f: &mut dyn FnMut(&Path, Visit<'a, L>)) {
            $(path.within(stringify!($i), |path| self.$i.visit(path, f));)*
        }
        #[allow(unused_variables)]
        fn try_map<M: Leaf, E>(
            &self,
            path: &mut Path,
            f: &mut dyn FnMut(&Path, &L) -> Result<M, E>,
        ) -> Result<Self::With<M>, E> {
            Ok(($(path.within(stringify!($i), |path| self.$i.try_map(path, f))?,)*))
        }
        #[allow(unused_variables)]
        fn read(path: &mut Path, source: &mut dyn Source<L>) -> Result<Self, SourceError> {
            Ok(($(path.within(stringify!($i), |path| $T::read(path, source))?,)*))
        }
    }
)* } }
tuples! { (); (A 0); (A 0, B 1); (A 0, B 1, C 2); (A 0, B 1, C 2, D 3) }

/// The types of data, which is all that tracing needs of them.
pub fn spec<T: Tree<Array>>(data: &T) -> T::With<Spec> {
    let mapped =
        data.try_map(&mut Path::default(), &mut |_, x| Ok::<_, std::convert::Infallible>(Spec(x.ty())));
    match mapped {
        Ok(spec) => spec,
        Err(never) => match never {},
    }
}
