//! Gradients of scalar functions.

use pyroxene_ir::{Loc, passes};

use crate::{
    closure::{Tensors, all_floats, close, graft, refuse, tensors, types, with_leaves, wrong_leaf},
    tensor::Tensor,
    trace::Captures,
};

/// The function that returns the gradient of `f`, a scalar function of a tree of floats, by each leaf (JAX's `grad`).
///
/// Values that `f` takes from outside are constants to it. Recorded like any operation: it works in models, under
/// [`jit`](crate::jit), and on functions that contain derivatives themselves.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = |x: &Tensor| x.sin().sum();
/// let second = pyroxene_frontend::eval(|| grad(|x: &Tensor| grad(f)(x).sum())(&Tensor::from([0.0, 1.0])))?;
/// assert_eq!(second.to_f64_vec(), [0.0, -f64::sin(1.0)]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a leaf that is not floating-point, a result that is not a float scalar, an operation
/// without reverse derivative (`while_loop`).
#[track_caller]
pub fn grad<I: Tensors, F: Fn(&I) -> Tensor>(f: F) -> impl Fn(&I) -> I {
    let loc = Loc::caller();
    move |x: &I| differentiate("grad", &f, x, loc.clone()).1
}

/// The function that returns `f` and its gradient, as [`grad`] (JAX's `value_and_grad`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = |(a, b): &(Tensor, Tensor)| (*a * *b).sum();
/// let slope = pyroxene_frontend::eval(|| {
///     let (value, (by_a, _by_b)) = value_and_grad(f)(&(Tensor::from([2.0]), Tensor::from([5.0])));
///     value + by_a
/// })?;
/// assert_eq!(slope.to_f64_vec(), [15.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`grad`].
#[track_caller]
pub fn value_and_grad<I: Tensors, F: Fn(&I) -> Tensor>(f: F) -> impl Fn(&I) -> (Tensor, I) {
    let loc = Loc::caller();
    move |x: &I| differentiate("value_and_grad", &f, x, loc.clone())
}

fn differentiate<I: Tensors>(name: &'static str, f: &dyn Fn(&I) -> Tensor, x: &I, loc: Loc) -> (Tensor, I) {
    let recorded = || -> Option<Vec<Tensor>> {
        let args = tensors(x);
        let tys = types(&args)?;
        if !all_floats(name, x, &loc) {
            return None;
        }
        let mut captures = Captures::default();
        let closed = close(name, &loc, x, &tys, &mut captures, f)?;
        let result = closed.graph.ty(closed.graph.outputs()[0]).clone();
        if result.rank() > 0 || !result.dtype.is_float() {
            let help = "the function must return one float, as by `.sum()`; `jacrev` is for several";
            wrong_leaf(name, "result", result, help, &loc);
            return None;
        }
        let wrt = &closed.graph.inputs()[..args.len()];
        let derivative = passes::value_and_grad(&closed.graph, wrt).map_err(|e| refuse(e, &loc)).ok()?;
        Some(graft(name, &derivative, &[args, captures.tensors()].concat(), &loc))
    };
    let results = recorded().unwrap_or_default();
    let value = results.first().copied().unwrap_or(Tensor::POISON);
    (value, with_leaves(x, results.get(1..).unwrap_or_default()))
}
