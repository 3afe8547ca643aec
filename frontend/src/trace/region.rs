//! Closed graphs: a function recorded as a graph of its own, whose uses of outer values become captures.

use pyroxene_ir::{Graph, Loc, Role, Ty, Val};

use super::{Pop, Trace, TraceKind, pop, push, report, resolve};
use crate::tensor::Tensor;

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
    closed(guard, loc, args, captures, f)
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
    closed(guard, loc, args, captures, f)
}

fn closed(
    guard: Pop,
    loc: &Loc,
    args: &[(&str, Ty)],
    captures: &mut Captures,
    f: impl FnOnce(&[Tensor]) -> Vec<Tensor>,
) -> Option<Graph> {
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
    for capture in &mut captures.list {
        capture.inner = None;
    }
    trace.graph.set_outputs(outputs);
    Some(trace.graph)
}
