//! Closed graphs: a function recorded as a graph of its own, whose uses of outer values become captures.

use std::rc::Rc;

use pyroxene_ir::{Graph, Loc, Role, Ty, Val};

use super::{Pop, Trace, TraceKind, pop, push, report, resolve};
use crate::{handlers::Handler, tensor::Tensor};

/// The outer values that the regions of one site, or the functions given to one operation, read, in the order of their first use; regions share the list.
#[derive(Clone, Default)]
pub(crate) struct Captures {
    list: Vec<Capture>,
}

#[derive(Clone)]
struct Capture {
    outer: Tensor,
    ty: Ty,
    inner: Option<Val>,
}

impl Captures {
    /// Starts the list with values that every region takes: a distribution's parameters.
    pub(crate) fn of(params: &[Tensor], types: &[Ty]) -> Captures {
        let capture = |(outer, ty): (&Tensor, &Ty)| Capture { outer: *outer, ty: ty.clone(), inner: None };
        Captures { list: params.iter().zip(types).map(capture).collect() }
    }

    /// The outer values.
    pub(crate) fn tensors(&self) -> Vec<Tensor> {
        self.list.iter().map(|c| c.outer).collect()
    }
}

impl Trace {
    /// The input that stands for an outer value of the trace below.
    pub(super) fn capture(&mut self, outer: Tensor, ty: Ty) -> Val {
        let known = self.captures.list.iter().find(|c| c.outer == outer).and_then(|c| c.inner);
        if let Some(v) = known {
            return v;
        }
        let inner = self.graph.input("capture", Role::Argument, ty.clone());
        self.captures.list.push(Capture { outer, ty, inner: Some(inner) });
        inner
    }
}

/// Records `f` as a region with inputs of types `args`; `None` if an error was recorded in it.
///
/// The captures so far become inputs after the arguments, and new ones are appended, so that every region of a site
/// takes a prefix of the final list.
pub(crate) fn region(
    site: &str,
    loc: &Loc,
    args: &[(&str, Ty)],
    captures: &mut Captures,
    f: impl FnOnce(&[Tensor]) -> Vec<Tensor>,
) -> Option<Graph> {
    let guard = push(TraceKind::Region, Some((site.to_string(), loc.clone())), Captures::default());
    Some(closed(guard, loc, args, captures, f)?.graph)
}

/// Records a function that the user gave to the operation `name`, as [`region`] does a distribution's method.
pub(crate) fn closure(
    name: &'static str,
    loc: &Loc,
    args: &[(&str, Ty)],
    captures: &mut Captures,
    f: impl FnOnce(&[Tensor]) -> Vec<Tensor>,
) -> Option<Graph> {
    let guard = push(TraceKind::Closure(name), None, Captures::default());
    Some(closed(guard, loc, args, captures, f)?.graph)
}

/// A recorded function that may hold sites.
pub(crate) struct Body {
    /// It takes the arguments, and then captures and slices in the order of their first use.
    pub(crate) graph: Graph,
    /// The inputs that are captures, in their order.
    pub(crate) captured: Vec<Val>,
    /// Outer values of which the function reads one slice along the first dimension, and its inputs that are these.
    pub(crate) slices: Vec<(Tensor, Val)>,
}

/// Records a function that the user gave to the control flow `name`, which may call primitives: these handlers see them.
pub(crate) fn body(
    name: &'static str,
    loc: &Loc,
    args: &[(&str, Ty)],
    captures: &mut Captures,
    handlers: Vec<Rc<dyn Handler>>,
    f: impl FnOnce(&[Tensor]) -> Vec<Tensor>,
) -> Option<Body> {
    let guard = push(TraceKind::Body(name), None, Captures::default());
    super::with_active(|t| t.handlers = handlers);
    closed(guard, loc, args, captures, f)
}

/// In a function given to a loop, the current slice of an outer value along its first dimension; `None` of a value of the
/// function's own.
pub(crate) fn slice_of(outer: Tensor) -> Option<Tensor> {
    let ty = super::type_of(outer)?;
    let slice = ty.with_dims(ty.dims.iter().skip(1).copied());
    let own = super::with_active(|t| t.generation)?;
    if own == outer.generation() {
        return None;
    }
    super::with_active(|t| {
        let known = t.slices.iter().find(|(of, _)| *of == outer).map(|(_, v)| *v);
        let v = known.unwrap_or_else(|| {
            let v = t.graph.input("slice", Role::Argument, slice);
            t.slices.push((outer, v));
            v
        });
        Tensor::new(v, t.generation, false)
    })
}

/// Runs `f` for the structure of its result alone: what it records, and reports, is dropped.
pub(crate) fn unrecorded<R>(f: impl FnOnce() -> R) -> R {
    let guard = push(TraceKind::Function, None, Captures::default());
    let result = f();
    drop(guard);
    result
}

fn closed(
    guard: Pop,
    loc: &Loc,
    args: &[(&str, Ty)],
    captures: &mut Captures,
    f: impl FnOnce(&[Tensor]) -> Vec<Tensor>,
) -> Option<Body> {
    let start = captures.clone();
    let inputs = super::with_active(|t| {
        let inputs: Vec<Tensor> =
            args.iter().map(|(name, ty)| t.input(name, Role::Argument, ty.clone())).collect();
        t.captures = start;
        for i in 0..t.captures.list.len() {
            let ty = t.captures.list[i].ty.clone();
            t.captures.list[i].inner = Some(t.graph.input("capture", Role::Argument, ty));
        }
        inputs
    })?;
    let outputs = f(&inputs);
    let outputs: Option<Vec<Val>> = outputs.into_iter().map(|o| resolve("return", o, loc)).collect();
    let trace = pop();
    drop(guard);
    let mut trace = trace?;
    let failed = !trace.errors.is_empty();
    for error in trace.errors.drain(..) {
        report(error);
    }
    let outputs = outputs?;
    if failed {
        return None;
    }
    *captures = trace.captures;
    let captured = captures.list.iter_mut().filter_map(|capture| capture.inner.take()).collect();
    trace.graph.set_outputs(outputs);
    Some(Body { graph: trace.graph, captured, slices: trace.slices })
}
