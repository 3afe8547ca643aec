//! Tracing: the thread's stack of graphs under construction, on which operators, primitives and handlers record.

mod composed;
mod error;
mod marks;
mod named;
mod reach;
mod region;
mod tensor_ops;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use pyroxene_ir::{Array, DType, Graph, Loc, Op, Phase, Role, Site, Ty, TypeError, Val};

pub(crate) use composed::composed;
pub use error::{ErrorKind, TraceError, TraceErrors};
pub(crate) use named::KnownPlate;
pub use reach::computed_from;
pub(crate) use region::{Body, Captures, body, closure, region, slice_of, unrecorded};
pub(crate) use tensor_ops::{broadcast_dims, promote};

use crate::{handlers::Handler, tensor::Tensor};

/// What a trace is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TraceKind {
    /// A model: site names are unique.
    Model,
    /// A function to compile; sites in it draw from their seeds.
    Function,
    /// A closed region of a site: no primitives, and values from outside become captures.
    Region,
    /// The same for a function given to the operation of this name, as in `grad` or `scan`.
    Closure(&'static str),
    /// The same for a function given to the control flow of this name, which may hold primitives where the trace around
    /// may.
    Body(&'static str),
}

impl TraceKind {
    /// Whether values from outside become captures.
    fn is_closed(self) -> bool {
        matches!(self, TraceKind::Region | TraceKind::Closure(_) | TraceKind::Body(_))
    }
}

/// One graph under construction.
pub(crate) struct Trace {
    generation: u32,
    pub(crate) kind: TraceKind,
    graph: Graph,
    errors: Vec<TraceError>,
    pub(crate) handlers: Vec<Rc<dyn Handler>>,
    /// Where each site name was first used.
    names: BTreeMap<String, Loc>,
    pub(crate) counters: Counters,
    pub(crate) marks: marks::Marks,
    captures: Captures,
    /// In a loop's body, outer values with the inputs that are their slices.
    slices: Vec<(Tensor, Val)>,
    /// The place that errors inside a region are reported at.
    site: Option<(String, Loc)>,
    /// The first primitive or output that has no value: an error unless one that explains it was reported.
    lost: Option<(&'static str, Loc)>,
}

/// Numbers handed out while recording.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) seeds: u32,
    pub(crate) plates: usize,
    pub(crate) checks: usize,
    pub(crate) keys: usize,
    /// Messages on their way through the handlers.
    pub(crate) depth: usize,
}

thread_local! {
    static STACK: RefCell<Vec<Trace>> = const { RefCell::new(Vec::new()) };
    static GENERATION: RefCell<u32> = const { RefCell::new(0) };
    /// Errors made while no trace was active; the next trace of this thread reports them.
    static ORPHANS: RefCell<Vec<TraceError>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` on the active trace; `None` without one. `f` must not call user code.
pub(crate) fn with_active<R>(f: impl FnOnce(&mut Trace) -> R) -> Option<R> {
    STACK.with(|stack| stack.borrow_mut().last_mut().map(f))
}

/// What the active trace is for, functions given to control flow aside: what the trace around them is for.
pub(crate) fn purpose() -> Option<TraceKind> {
    let is_body = |kind: &TraceKind| matches!(kind, TraceKind::Body(_));
    STACK.with(|stack| stack.borrow().iter().rev().map(|t| t.kind).find(|kind| !is_body(kind)))
}

/// Records an error; without an active trace the next one reports it.
pub(crate) fn report(error: TraceError) {
    let mut error = Some(error);
    with_active(|t| {
        if let Some(mut error) = error.take() {
            if let (None, Some((site, at))) = (&error.site, &t.site) {
                error.site = Some(site.clone());
                error.during = Some(at.clone());
            }
            t.errors.push(error);
        }
    });
    if let Some(error) = error {
        ORPHANS.with(|o| o.borrow_mut().push(error));
    }
}

/// Records an error about what the caller did, and gives the poison that stands for the missing value.
pub(crate) fn fail(kind: ErrorKind, loc: Loc) -> Tensor {
    let loc = composed::place(loc);
    report(TraceError { loc, site: None, during: None, kind });
    Tensor::POISON
}

/// Records that something was used wrongly: what was found, what to do, and where; gives what stands for the missing
/// value. For functions of tensors outside this crate, whose errors then are told with all others of the trace.
///
/// ```
/// use pyroxene_frontend::{Loc, Tensor, eval, usage_error};
/// let error = eval(|| usage_error("0 steps", "give at least one", Loc::caller()) + 1.0).unwrap_err();
/// assert!(error.to_string().contains("0 steps"));
/// ```
pub fn usage_error(found: impl Into<String>, help: impl Into<String>, loc: Loc) -> Tensor {
    fail(ErrorKind::Usage { found: found.into(), help: help.into() }, loc)
}

/// Pops the trace on unwinding too, so that a panic in user code leaves the stack as it was.
struct Pop(usize);

impl Drop for Pop {
    fn drop(&mut self) {
        STACK.with(|stack| stack.borrow_mut().truncate(self.0));
    }
}

fn push(kind: TraceKind, site: Option<(String, Loc)>, captures: Captures) -> Pop {
    let generation = GENERATION.with(|g| {
        let mut g = g.borrow_mut();
        *g = g.wrapping_add(1).max(1);
        *g
    });
    let pure = matches!(kind, TraceKind::Region | TraceKind::Closure(_));
    let phase = if pure { Phase::Pure } else { Phase::Model };
    let trace = Trace {
        generation,
        kind,
        graph: Graph::new(phase),
        errors: Vec::new(),
        handlers: Vec::new(),
        names: BTreeMap::new(),
        counters: Counters::default(),
        marks: marks::Marks::default(),
        captures,
        slices: Vec::new(),
        site,
        lost: None,
    };
    STACK.with(|stack| {
        let mut stack = stack.borrow_mut();
        stack.push(trace);
        Pop(stack.len() - 1)
    })
}

fn pop() -> Option<Trace> {
    STACK.with(|stack| stack.borrow_mut().pop())
}

/// Records `f` as a graph: `f` is run once and returns the outputs.
///
/// # Errors
/// All root errors recorded while `f` ran.
pub(crate) fn record(kind: TraceKind, f: impl FnOnce() -> Vec<Tensor>) -> Result<Graph, TraceErrors> {
    record_partly(kind, f).map_err(|incomplete| TraceErrors(incomplete.errors))
}

/// What could be recorded of something wrong.
pub(crate) struct Incomplete {
    pub(crate) graph: Graph,
    pub(crate) errors: Vec<TraceError>,
}

impl Incomplete {
    pub(crate) fn new(graph: Graph, errors: Vec<TraceError>) -> Box<Incomplete> {
        Box::new(Incomplete { graph, errors })
    }

    /// Nothing but these errors.
    pub(crate) fn nothing(TraceErrors(errors): TraceErrors) -> Box<Incomplete> {
        Incomplete::new(Graph::new(Phase::Model), errors)
    }
}

/// As [`record`]; on errors, what could be recorded.
///
/// # Errors
/// As [`record`]; without any, an output belongs to another trace.
pub(crate) fn record_partly(
    kind: TraceKind,
    f: impl FnOnce() -> Vec<Tensor>,
) -> Result<Graph, Box<Incomplete>> {
    let guard = push(kind, None, Captures::default());
    let outputs = f();
    let loc = Loc::caller();
    let outputs: Vec<Option<Val>> = outputs.into_iter().map(|t| resolve("return", t, &loc)).collect();
    let finished = pop();
    drop(guard);
    let mut errors: Vec<TraceError> = ORPHANS.with(|o| std::mem::take(&mut *o.borrow_mut()));
    let Some(mut trace) = finished else { return Err(Incomplete::new(Graph::new(Phase::Model), errors)) };
    errors.append(&mut trace.errors);
    if errors.is_empty() {
        errors.extend(trace.too_large());
        errors.extend(trace.lost.take().map(|(what, loc)| lost_error(what, loc)));
    }
    match outputs.into_iter().collect::<Option<Vec<Val>>>() {
        Some(outputs) if errors.is_empty() => {
            trace.graph.set_outputs(outputs);
            Ok(trace.graph)
        }
        _ => Err(Incomplete::new(trace.graph, errors)),
    }
}

/// A primitive would be missing from the program in silence: its density, or its name among the draws.
fn lost_error(what: &str, loc: Loc) -> TraceError {
    let found = format!("{what}: the value is missing, though no operation that makes it has failed");
    let help = "see that handlers and distributions of your own give every message and method a value".into();
    TraceError { loc, site: None, during: None, kind: ErrorKind::Usage { found, help } }
}

/// The first type in a graph, or in one inside its ops, that no value can have, and the user's line.
fn too_large(graph: &Graph) -> Option<(Ty, Option<Loc>)> {
    graph.vals().find_map(|v| {
        let node = graph.node(v);
        let own = node.results().find(|ty| !ty.fits()).cloned().map(|ty| (ty, node.loc.clone()));
        own.or_else(|| graph.op(v)?.regions().iter().find_map(|region| too_large(region)))
    })
}

impl Trace {
    /// Values that cannot exist: found here, since the passes compute with their sizes.
    fn too_large(&self) -> Option<TraceError> {
        let regions = self.graph.regions().iter().map(|r| &**r);
        let node = std::iter::once(&self.graph).chain(regions).find_map(too_large)?;
        let loc = node.1.unwrap_or_else(Loc::caller);
        Some(TraceError { loc, site: None, during: None, kind: ErrorKind::too_large(&node.0) })
    }

    /// Notes that a primitive or an output has no value.
    pub(crate) fn lose(&mut self, what: &'static str, loc: &Loc) {
        self.lost.get_or_insert_with(|| (what, loc.clone()));
    }

    /// Adds an input of the trace's graph.
    pub(crate) fn input(&mut self, name: &str, role: Role, ty: Ty) -> Tensor {
        let v = self.graph.input(name, role, ty);
        Tensor::new(v, self.generation, false)
    }

    /// Claims a site's name; the place of its first use if it is taken.
    pub(crate) fn claim(&mut self, name: &str, loc: &Loc) -> Result<(), Loc> {
        match self.names.get(name) {
            Some(first) => Err(first.clone()),
            None => {
                self.names.insert(name.to_string(), loc.clone());
                Ok(())
            }
        }
    }

    /// A name like `name` that nothing has claimed.
    pub(crate) fn unclaimed(&self, name: &str) -> String {
        (2..).map(|n| format!("{name}#{n}")).find(|n| !self.names.contains_key(n)).unwrap_or_default()
    }

    /// Adds a region to the graph's table.
    pub(crate) fn add_region(&mut self, graph: Graph) -> pyroxene_ir::RegionId {
        self.graph.add_region(std::sync::Arc::new(graph))
    }

    /// Adds a site.
    pub(crate) fn push_site(&mut self, site: Site, ty: Ty, operands: &[Val], loc: Loc) -> Tensor {
        self.graph.set_loc(Some(loc));
        let v = self.graph.push_site(site, ty, operands);
        Tensor::new(v, self.generation, false)
    }

    /// The type of a value of this trace.
    pub(crate) fn ty(&self, v: Val) -> &Ty {
        self.graph.ty(v)
    }
}

/// The value in the active trace that `tensor` stands for: its own, or a capture in a region. `None` is poison, or a
/// handle that belongs nowhere on this thread's stack, which is reported.
pub(crate) fn resolve(op: &'static str, tensor: Tensor, loc: &Loc) -> Option<Val> {
    if tensor.is_poison() {
        with_active(|t| t.lose(op, loc));
        return None;
    }
    let found = STACK.with(|stack| {
        let mut stack = stack.borrow_mut();
        let top = stack.len();
        let home = stack.iter().rposition(|t| t.generation == tensor.generation())?;
        let mut v = tensor.val();
        for depth in home + 1..top {
            if !stack[depth].kind.is_closed() {
                return None;
            }
            let (below, above) = stack.split_at_mut(depth);
            let outer = Tensor::new(v, below[depth - 1].generation, false);
            let ty = below[depth - 1].graph.ty(v).clone();
            v = above[0].capture(outer, ty);
        }
        Some(v)
    });
    if found.is_none() {
        report(TraceError { loc: loc.clone(), site: None, during: None, kind: ErrorKind::Leaked { op } });
    }
    found
}

/// The active trace's own handle of what `tensor` stands for; see [`resolve`].
pub(crate) fn here(tensor: Tensor, loc: &Loc) -> Option<Tensor> {
    let v = resolve("sample", tensor, loc)?;
    with_active(|t| Tensor::new(v, t.generation, tensor.is_weak()))
}

/// Records a pure op on values of the active trace.
pub(crate) fn apply(op: impl Into<Op>, operands: &[Tensor], loc: Loc) -> Tensor {
    let op = op.into();
    // A conversion is the caller's decision about the element type: its result is a literal no more.
    let decides = matches!(op, Op::Convert(_));
    let made = build(op.name(), operands, loc, |g, v| g.push(op, v));
    if decides { made.definite() } else { made }
}

/// Runs a builder of several nodes on the active graph.
pub(crate) fn build(
    name: &'static str,
    operands: &[Tensor],
    loc: Loc,
    f: impl FnOnce(&mut Graph, &[Val]) -> Result<Val, TypeError>,
) -> Tensor {
    if with_active(|_| ()).is_none() {
        return fail(ErrorKind::NoTrace { op: name }, loc);
    }
    let weak = !operands.is_empty() && operands.iter().all(|t| t.is_weak());
    let loc = composed::place(loc);
    let operands: Option<Vec<Val>> = operands.iter().map(|t| resolve(name, *t, &loc)).collect();
    let Some(operands) = operands else { return Tensor::POISON };
    let recorded = with_active(|t| {
        t.graph.set_loc(Some(loc.clone()));
        f(&mut t.graph, &operands).map(|v| Tensor::new(v, t.generation, weak))
    });
    finish(recorded, loc)
}

/// Records a pure op of `n` results on values of the active trace.
pub(crate) fn apply_all(op: impl Into<Op>, operands: &[Tensor], n: usize, loc: Loc) -> Vec<Tensor> {
    let op = op.into();
    build_all(op.name(), operands, n, loc, |g, v| g.push_all(op, v).map(|results| results.to_vec()))
}

/// Runs a builder of `n` results on the active graph.
pub(crate) fn build_all(
    name: &'static str,
    operands: &[Tensor],
    n: usize,
    loc: Loc,
    f: impl FnOnce(&mut Graph, &[Val]) -> Result<Vec<Val>, TypeError>,
) -> Vec<Tensor> {
    let mut results = Vec::new();
    let first = build(name, operands, loc, |g, v| {
        results = f(g, v)?;
        let none = || TypeError { op: name, operands: Vec::new(), expected: "to have a result".into() };
        results.first().copied().ok_or_else(none)
    });
    if first.is_poison() || results.len() != n {
        return vec![Tensor::POISON; n];
    }
    with_active(|t| results.iter().map(|v| Tensor::new(*v, t.generation, false)).collect())
        .unwrap_or_default()
}

fn finish(recorded: Option<Result<Tensor, TypeError>>, loc: Loc) -> Tensor {
    match recorded {
        Some(Ok(tensor)) => tensor,
        Some(Err(error)) => fail(ErrorKind::Type(error), loc),
        None => Tensor::POISON,
    }
}

/// Records a constant; `weak` ones take the element type of what they meet.
pub(crate) fn constant(value: Array, weak: bool, loc: Loc) -> Tensor {
    if with_active(|_| ()).is_none() {
        return fail(ErrorKind::NoTrace { op: "constant" }, loc);
    }
    let loc = composed::place(loc);
    let recorded = with_active(|t| {
        t.graph.set_loc(Some(loc.clone()));
        t.graph.constant(value).map(|v| Tensor::new(v, t.generation, weak))
    });
    finish(recorded, loc)
}

/// The type of what a handle stands for; `None` for poison and for handles of no active trace.
pub(crate) fn type_of(tensor: Tensor) -> Option<Ty> {
    STACK.with(|stack| {
        let stack = stack.borrow();
        let home = stack.iter().rev().find(|t| t.generation == tensor.generation())?;
        (!tensor.is_poison() && tensor.val().index() < home.graph.len())
            .then(|| home.ty(tensor.val()).clone())
    })
}

/// The value of a constant, literal or array.
pub(crate) fn constant_of(tensor: Tensor) -> Option<Array> {
    STACK.with(|stack| {
        let stack = stack.borrow();
        let home = stack.iter().rev().find(|t| t.generation == tensor.generation())?;
        match home.graph.op(tensor.val())? {
            Op::Constant(constant) => Some(constant.0.clone()),
            _ => None,
        }
    })
}

/// Whether a value is a constant that is `truth` in every element.
pub(crate) fn is_constant(tensor: Tensor, truth: bool) -> bool {
    constant_of(tensor)
        .is_some_and(|a| a.as_slice::<bool>().is_some_and(|all| all.iter().all(|x| *x == truth)))
}

/// The integer that a literal is.
pub(crate) fn weak_integer(tensor: Tensor) -> Option<i64> {
    tensor.is_weak().then(|| constant_of(tensor))??.as_slice::<i64>()?.first().copied()
}

/// The element type of floats that nothing else decides.
pub(crate) const DEFAULT_FLOAT: DType = DType::F64;
/// The element type of integers that nothing else decides.
pub(crate) const DEFAULT_INT: DType = DType::I64;
