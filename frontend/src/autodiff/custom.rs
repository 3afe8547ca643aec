//! Functions with derivatives of their own, and functions that are computed again rather than kept.

use std::sync::Arc;

use pyroxene_ir::{
    Graph, Loc, Phase, Role, Ty, TypeError, Val,
    ops::{Call, Derivative},
};

use crate::{
    closure::{Tensors, close, graft, rewired, tensors, types, with_leaves, without_value},
    trace::{Captures, ErrorKind, apply_all, fail},
};

/// The function `f` with the forward derivative `rule(arguments, tangents) → tangents of the results`, which must be linear
/// in the tangents; the reverse one follows from it (JAX's `custom_jvp`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // ln(1 + eˣ), whose derivative should not overflow with eˣ.
/// let f = custom_jvp(|x: &Tensor| x.exp().log1p(), |x, t| *t * x.logistic());
/// let slope = pyroxene_frontend::eval(|| grad(&f)(&Tensor::from(800.0)))?;
/// assert_eq!(slope.to_f64_vec(), [1.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: tangents of other types than the results; a value taken from outside that
/// depends on what a derivative is by.
#[track_caller]
pub fn custom_jvp<I: Tensors, O: Tensors>(
    f: impl Fn(&I) -> O,
    rule: impl Fn(&I, &I) -> O,
) -> impl Fn(&I) -> O {
    let loc = Loc::caller();
    move |x: &I| {
        own_derivative(("custom_jvp", Derivative::Jvp), &f, x, loc.clone(), |call| {
            let pair = (with_leaves(x, &[]), with_leaves(x, &[]));
            call.derivative(&pair, &call.arguments.clone(), |(x, t)| rule(x, t))
        })
    }
}

/// The function `f` with the reverse derivative `rule(arguments, results, cotangents) → cotangents of the arguments`; it has
/// no forward one (JAX's `custom_vjp`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The identity, whose gradient is clipped on its way back.
/// let f = custom_vjp(|x: &Tensor| *x, |_, _, ct| ct.minimum(1.0).maximum(-1.0));
/// let slope = pyroxene_frontend::eval(|| grad(|x: &Tensor| (f(x) * 100.0).sum())(&Tensor::from([1.0])))?;
/// assert_eq!(slope.to_f64_vec(), [1.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: cotangents of other types than the arguments; a value taken from outside that
/// depends on what a derivative is by; a forward derivative asked for.
#[track_caller]
pub fn custom_vjp<I: Tensors, O: Tensors>(
    f: impl Fn(&I) -> O,
    rule: impl Fn(&I, &O, &O) -> I,
) -> impl Fn(&I) -> O {
    let loc = Loc::caller();
    move |x: &I| {
        own_derivative(("custom_vjp", Derivative::Vjp), &f, x, loc.clone(), |call| {
            let pair = (with_leaves(x, &[]), with_leaves(&call.shape, &[]));
            let results: Vec<Ty> = call.body.outputs().iter().map(|v| call.body.ty(*v).clone()).collect();
            let (shape, body) = (with_leaves(&call.shape, &[]), call.body.clone());
            let (captured, loc) = (call.captures.tensors(), call.loc.clone());
            call.derivative(&pair, &results, |(x, ct)| {
                // The results are computed anew; the compiler finds that they have been before.
                let operands = [tensors(x), captured].concat();
                let values = graft("custom_vjp", &body, &operands, &loc);
                rule(x, &with_leaves(&shape, &values), ct)
            })
        })
    }
}

/// The function `f`, of which a reverse derivative keeps the arguments alone: all else is computed again when it is needed
/// (JAX's `checkpoint`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = checkpoint(|x: &Tensor| x.sin().exp().sum());
/// let slope = pyroxene_frontend::eval(|| grad(&f)(&Tensor::from([0.0])))?;
/// assert_eq!(slope.to_f64_vec(), [1.0]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn checkpoint<I: Tensors, O: Tensors>(f: impl Fn(&I) -> O) -> impl Fn(&I) -> O {
    let loc = Loc::caller();
    move |x: &I| {
        let none = |_: &mut Recorded<O>| Some(Graph::default());
        own_derivative(("checkpoint", Derivative::Recompute), &f, x, loc.clone(), none)
    }
}

/// A function recorded, and what belongs to its call.
struct Recorded<O> {
    name: &'static str,
    loc: Loc,
    arguments: Vec<Ty>,
    captures: Captures,
    /// From the arguments and the captures that the function has.
    body: Graph,
    shape: O,
}

impl<O: Tensors> Recorded<O> {
    /// Records a rule on a tree of arguments, and of as many tangents or cotangents, of these types. The graph takes the
    /// arguments, all captures so far, and of the rest what is floating-point; it returns what is floating-point.
    fn derivative<P: Tensors, R: Tensors>(
        &mut self,
        pair: &P,
        along: &[Ty],
        rule: impl FnOnce(&P) -> R,
    ) -> Option<Graph> {
        let tys = [&self.arguments, along].concat();
        let own = close(self.name, &self.loc, pair, &tys, &mut self.captures, rule)?.graph;
        let captured = types(&self.captures.tensors())?;
        let arranged = || -> Result<Graph, TypeError> {
            let mut out = Graph::new(Phase::Pure);
            let mut input = |ty: &Ty| out.input("x", Role::Argument, ty.clone());
            let first: Vec<Val> = self.arguments.iter().map(&mut input).collect();
            let captured: Vec<Val> = captured.iter().map(&mut input).collect();
            let along: Vec<Option<Val>> =
                along.iter().map(|ty| ty.dtype.is_float().then(|| input(ty))).collect();
            let zeros = along.iter().zip(&tys[first.len()..]);
            let along = zeros.map(|(v, ty)| v.map_or_else(|| out.full(ty, 0.0), Ok));
            let along = along.collect::<Result<Vec<Val>, TypeError>>()?;
            let results = out.graft(&own, &[first, along, captured].concat())?;
            let floats = results.into_iter().filter(|v| out.ty(*v).dtype.is_float());
            let floats: Vec<Val> = floats.collect();
            out.set_outputs(floats);
            Ok(out)
        };
        match arranged() {
            Ok(graph) => Some(graph),
            Err(error) => {
                fail(ErrorKind::Type(error), self.loc.clone());
                None
            }
        }
    }
}

/// Records `f` as a call whose derivative is what `derivative` makes.
fn own_derivative<I: Tensors, O: Tensors>(
    (name, rule): (&'static str, Derivative),
    f: &dyn Fn(&I) -> O,
    x: &I,
    loc: Loc,
    derivative: impl FnOnce(&mut Recorded<O>) -> Option<Graph>,
) -> O {
    let recorded = || -> Option<O> {
        let args = tensors(x);
        let arguments = types(&args)?;
        let mut captures = Captures::default();
        let closed = close(name, &loc, x, &arguments, &mut captures, f)?;
        let (body, shape) = (closed.graph, closed.shape);
        let mut recorded = Recorded { name, loc: loc.clone(), arguments, captures, body, shape };
        let derivative = Arc::new(derivative(&mut recorded)?);
        let Recorded { arguments, captures, body, shape, .. } = recorded;
        let operands = [args, captures.tensors()].concat();
        let places: Vec<usize> = (0..body.inputs().len()).collect();
        let body = rewired(&body, &types(&operands)?, &places);
        let body = Arc::new(body.map_err(|e| fail(ErrorKind::Type(e), loc.clone())).ok()?);
        let n = body.outputs().len();
        let op = Call { rule, arguments: arguments.len(), body, derivative };
        Some(with_leaves(&shape, &apply_all(op, &operands, n, loc.clone())))
    };
    recorded().unwrap_or_else(|| without_value(f, x))
}
