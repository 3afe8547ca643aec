//! Pullbacks: how cotangents of a function's results flow to its arguments.

use pyroxene_ir::{Graph, Loc, passes};

use crate::{
    closure::{
        Tensors, all_floats, close, graft, refuse, tensors, types, with_leaves, without_value, wrong_leaf,
    },
    tensor::Tensor,
    trace::{Captures, ErrorKind, fail, type_of},
};

/// The value of `f` at `x`, and the function that carries cotangents of it back to `x` (JAX's `vjp`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let by_x = pyroxene_frontend::eval(|| {
///     let (_, pullback) = vjp(|x: &Tensor| x.square(), &Tensor::from([2.0, 3.0]));
///     pullback(&Tensor::from([1.0, 10.0]))
/// })?;
/// assert_eq!(by_x.to_f64_vec(), [4.0, 60.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a leaf of `x` that is not floating-point, cotangents of other types than the
/// results, an operation without reverse derivative. `None` if `f` itself failed: there is no value then.
#[track_caller]
pub fn vjp<I: Tensors, O: Tensors, F: Fn(&I) -> O>(f: F, x: &I) -> (O, impl Fn(&O) -> I + use<I, O, F>) {
    let loc = Loc::caller();
    let args = tensors(x);
    let mut captures = Captures::default();
    let closed = types(&args)
        .filter(|_| all_floats("vjp", x, &loc))
        .and_then(|tys| close("vjp", &loc, x, &tys, &mut captures, &f));
    let operands = [args, captures.tensors()].concat();
    let value = match &closed {
        Some(closed) => with_leaves(&closed.shape, &graft("vjp", &closed.graph, &operands, &loc)),
        None => without_value(&f, x),
    };
    let graph = closed.map(|closed| closed.graph);
    let structure = with_leaves(x, &[]);
    let pullback = move |ct: &O| {
        let results = graph.as_ref().and_then(|g| pull_back(g, &operands, &structure, ct, &loc));
        with_leaves(&structure, &results.unwrap_or_default())
    };
    (value, pullback)
}

/// The cotangents of the first inputs, as many as `x` has leaves, from those of the outputs.
fn pull_back<I: Tensors, O: Tensors>(
    graph: &Graph,
    operands: &[Tensor],
    x: &I,
    ct: &O,
    loc: &Loc,
) -> Option<Vec<Tensor>> {
    let cts = cotangents(graph, &tensors(ct), loc)?;
    let seeded: Vec<bool> = graph.outputs().iter().map(|v| graph.ty(*v).dtype.is_float()).collect();
    let wrt = &graph.inputs()[..tensors(x).len()];
    let back = passes::pullback(graph, wrt, &seeded).map_err(|e| refuse(e, loc)).ok()?;
    Some(graft("vjp", &back, &[operands, &cts].concat(), loc))
}

/// The cotangents of the float outputs, whose types they must have.
fn cotangents(graph: &Graph, given: &[Tensor], loc: &Loc) -> Option<Vec<Tensor>> {
    if given.len() != graph.outputs().len() {
        let found = format!("vjp: {} cotangents for {} results", given.len(), graph.outputs().len());
        fail(ErrorKind::Usage { found, help: "give one for each leaf of the result".into() }, loc.clone());
        return None;
    }
    let mut out = Vec::new();
    for (i, (ct, v)) in given.iter().zip(graph.outputs()).enumerate() {
        let expected = graph.ty(*v);
        let found = type_of(*ct)?;
        if !expected.dtype.is_float() {
            continue;
        }
        let ct = if ct.is_weak() { ct.convert(expected.dtype) } else { *ct };
        if type_of(ct).as_ref() != Some(expected) {
            let help = format!("a cotangent has the type of its result, {expected}");
            wrong_leaf("vjp", &i.to_string(), found, &help, loc);
            return None;
        }
        out.push(ct);
    }
    Some(out)
}
