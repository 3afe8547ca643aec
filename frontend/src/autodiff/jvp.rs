//! Pushforwards: how tangents of a function's arguments flow to its results.

use pyroxene_ir::{Loc, passes};

use crate::{
    closure::{
        Tensors, all_floats, close, graft, refuse, tensors, types, with_leaves, without_value, wrong_leaf,
    },
    tensor::Tensor,
    trace::{Captures, ErrorKind, fail, type_of},
};

/// The value of `f` at `x`, and its derivative along `tangent` (JAX's `jvp`). Results that are not floating-point have
/// the tangent zero.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let along = pyroxene_frontend::eval(|| {
///     let (x, t) = (Tensor::from([2.0, 3.0]), Tensor::from([1.0, 10.0]));
///     jvp(|x: &Tensor| x.square(), &x, &t).1
/// })?;
/// assert_eq!(along.to_f64_vec(), [4.0, 60.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a leaf of `x` that is not floating-point, a tangent of another type, an operation
/// without forward derivative (a `custom_vjp`).
#[track_caller]
pub fn jvp<I: Tensors, O: Tensors>(f: impl Fn(&I) -> O, x: &I, tangent: &I) -> (O, O) {
    let loc = Loc::caller();
    let args = tensors(x);
    let mut captures = Captures::default();
    let closed = types(&args)
        .filter(|_| all_floats("jvp", x, &loc))
        .and_then(|tys| close("jvp", &loc, x, &tys, &mut captures, &f));
    let Some(closed) = closed else {
        return (without_value(&f, x), without_value(&f, x));
    };
    let moved = || -> Option<Vec<Tensor>> {
        let tangents = matching(&args, &tensors(tangent), &loc)?;
        let wrt = &closed.graph.inputs()[..args.len()];
        let derivative = passes::jvp(&closed.graph, wrt).map_err(|e| refuse(e, &loc)).ok()?;
        Some(graft("jvp", &derivative, &[&args[..], &captures.tensors(), &tangents].concat(), &loc))
    };
    let results = moved().unwrap_or_default();
    let (values, along) = results.split_at(results.len() / 2);
    (with_leaves(&closed.shape, values), with_leaves(&closed.shape, along))
}

/// The tangents, each of its argument's type.
fn matching(args: &[Tensor], tangents: &[Tensor], loc: &Loc) -> Option<Vec<Tensor>> {
    if args.len() != tangents.len() {
        let found = format!("jvp: {} tangents for {} arguments", tangents.len(), args.len());
        fail(ErrorKind::Usage { found, help: "give one for each leaf".into() }, loc.clone());
        return None;
    }
    let mut out = Vec::new();
    for (i, (x, t)) in args.iter().zip(tangents).enumerate() {
        let (expected, found) = (type_of(*x)?, type_of(*t)?);
        let t = if t.is_weak() { t.convert(expected.dtype) } else { *t };
        if type_of(t).as_ref() != Some(&expected) {
            let help = format!("a tangent has the type of its argument, {expected}");
            wrong_leaf("jvp", &i.to_string(), found, &help, loc);
            return None;
        }
        out.push(t);
    }
    Some(out)
}
