//! A recorded model: its graph, the data it takes, and its compiled queries.

mod beside;
mod functions;
mod given;

pub(super) use functions::Name;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use pyroxene_ir::{
    Graph, Role, SampleSite, Site, SiteKind, Source, Ty,
    passes::{self, Coordinates, Query, QueryOutput, Settings, Step},
};
use pyroxene_runtime::{Backend, options::Effort};

use super::{
    bound::{self, Bound},
    compiled::{Compiled, Lowered},
    error::{DataError, Error},
    literals, pipeline,
    prepare::cost,
};
use crate::{
    Array,
    tensor::Tensor,
    trace::{self, Incomplete, TraceErrors, TraceKind, with_active},
    tree::{Leaf, Path, Spec, Tree, Visit},
};

/// A leaf of the data a program takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeafSpec {
    /// Its path: `y`, `layers.0.w`.
    pub path: String,
    /// Its type.
    pub ty: Ty,
}

/// A conditioned program that runs the potential of the program it came from: the coordinates of the conditioned sites
/// are held fixed, so that an observation added afterwards compiles nothing.
#[derive(Clone)]
struct PinnedProgram {
    /// The program with the pinned sites latent.
    graph: Graph,
    pins: passes::Pins,
}

/// How long the stages took.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Timings {
    /// Running the model once under the tracing handlers.
    pub trace: Duration,
    /// Passes, over all queries compiled so far.
    pub passes: Duration,
    /// Lowering, over all queries compiled so far.
    pub lower: Duration,
    /// XLA's compilation, over all queries compiled so far.
    pub compile: Duration,
}

/// What an executable answers: a query by its name, and for how many draws at once.
type Version = (&'static str, Option<passes::Many>);

/// Which sites of a program a prediction gives values to, and whether it draws observed ones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Opening {
    pub(super) given: Vec<String>,
    pub(super) params: Vec<String>,
    pub(super) uncondition: bool,
}

/// A recorded model. It answers every [`Query`], compiling each at its first use; clones share what is compiled.
#[derive(Clone)]
pub struct Program {
    inner: Arc<Inner>,
}

struct Inner {
    graph: Graph,
    pinned: Option<PinnedProgram>,
    /// The same program without pins, for given values that have no coordinates.
    unpinned: OnceLock<Program>,
    /// The same program without constants in its potential.
    dropped: OnceLock<Program>,
    settings: Settings,
    leaves: Vec<LeafSpec>,
    compiled: Mutex<BTreeMap<Version, Arc<Compiled>>>,
    /// Functions over the data, by what tells them apart.
    functions: Mutex<BTreeMap<(String, Effort), Arc<Compiled>>>,
    /// Functions that wait for a device, or for more effort.
    lowered: Mutex<BTreeMap<String, Lowered>>,
    /// The same program with other sites given or drawn.
    opened: Mutex<BTreeMap<Opening, Program>>,
    checks: Mutex<Option<Arc<passes::Checks>>>,
    timings: Mutex<Timings>,
}

impl Program {
    /// Runs `model` once on symbols of the types in `spec` and records it.
    ///
    /// # Errors
    /// All root errors of the model, each with its line.
    pub fn trace<S: Tree<Spec>>(
        model: impl FnOnce(&S::With<Tensor>),
        spec: &S,
    ) -> Result<Program, TraceErrors> {
        Program::trace_partly(model, spec).map_err(|incomplete| TraceErrors(incomplete.errors))
    }

    /// As [`Program::trace`]; on errors, what could be recorded, with the errors.
    pub(super) fn trace_partly<S: Tree<Spec>>(
        model: impl FnOnce(&S::With<Tensor>),
        spec: &S,
    ) -> Result<Program, Box<Incomplete>> {
        let start = Instant::now();
        let leaves = leaves(spec, |s| s.0.clone());
        let recorded = trace::record_partly(TraceKind::Model, || {
            let symbols = spec.try_map(&mut Path::default(), &mut |path, leaf: &Spec| {
                let input = with_active(|t| t.input(&path.to_string(), Role::Data, leaf.0.clone()));
                Ok::<_, std::convert::Infallible>(input.unwrap_or(Tensor::POISON))
            });
            match symbols {
                Ok(symbols) => model(&symbols),
                Err(never) => match never {},
            }
            Vec::new()
        });
        let (graph, mut errors) = match recorded {
            Ok(graph) => (graph, Vec::new()),
            Err(incomplete) => (incomplete.graph, incomplete.errors),
        };
        let timings = Timings { trace: start.elapsed(), ..Timings::default() };
        let program = Program::new(graph, None, leaves, timings, Settings::default());
        errors.extend(literals::broken(&program));
        if errors.is_empty() { Ok(program) } else { Err(Incomplete::new(program.graph().clone(), errors)) }
    }

    fn new(
        graph: Graph,
        pinned: Option<PinnedProgram>,
        leaves: Vec<LeafSpec>,
        timings: Timings,
        settings: Settings,
    ) -> Program {
        let inner = Inner {
            graph,
            pinned,
            unpinned: OnceLock::new(),
            dropped: OnceLock::new(),
            settings,
            leaves,
            compiled: Mutex::default(),
            functions: Mutex::default(),
            lowered: Mutex::default(),
            opened: Mutex::default(),
            checks: Mutex::default(),
            timings: Mutex::new(timings),
        };
        Program { inner: Arc::new(inner) }
    }

    /// The same recording with other settings of passes, besides those that the environment makes; it compiles its own
    /// executables.
    pub fn with_passes(&self, settings: Settings) -> Program {
        let Inner { graph, pinned, leaves, .. } = &*self.inner;
        let timings = Timings { trace: self.timings().trace, ..Timings::default() };
        Program::new(graph.clone(), pinned.clone(), leaves.clone(), timings, settings)
    }

    /// The same program without the terms of its potential that no latent value changes, such as `ln √2π` and what
    /// depends on data alone. It is faster by what these cost, and its potential differs by a number that the data decide
    /// (Stan's `~` statements); [`Bound::log_density`](super::Bound::log_density) keeps them.
    pub fn drop_constants(&self) -> Program {
        let settings = self.inner.settings.clone().with("drop_constants");
        // The pass exists, or no program would compile.
        let settings = settings.unwrap_or_else(|_| self.inner.settings.clone());
        self.inner.dropped.get_or_init(|| self.with_passes(settings)).clone()
    }

    /// The program's graph, in its model phase.
    pub fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    /// About how many elements one evaluation of the model reads and writes, each counted at each primitive and operation;
    /// [`usize::MAX`] where there are loops.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|x: &Tensor| {
    ///     factor("f", x.square().sum());
    /// });
    /// let cost = |n: usize| Ok::<_, pyroxene_frontend::Error>(model.bind(&Array::from(vec![1.0; n]))?.program().cost());
    /// assert!(cost(2)? < 20 && cost(1000)? > 2000);
    /// # Ok(()) }
    /// ```
    pub fn cost(&self) -> usize {
        cost(&self.inner.graph)
    }

    /// The data it takes.
    pub fn leaves(&self) -> &[LeafSpec] {
        &self.inner.leaves
    }

    /// How long the stages have taken so far.
    pub fn timings(&self) -> Timings {
        *self.inner.timings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn time(&self, f: impl FnOnce(&mut Timings)) {
        f(&mut self.inner.timings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The latent sites and where their unconstrained coordinates lie, in program order.
    pub fn layout(&self) -> Vec<Coordinates> {
        passes::layout(&self.inner.graph)
    }

    /// The number of unconstrained coordinates of all latent sites.
    pub fn dimension(&self) -> usize {
        self.layout().iter().map(|c| c.unconstrained.len()).sum()
    }

    /// What [`Query::Constrain`] and [`Query::Draws`] return.
    pub fn outputs(&self) -> Vec<QueryOutput> {
        passes::outputs(&self.inner.graph)
    }

    /// The graph a query is answered from.
    pub(super) fn graph_for(&self, query: Query) -> &Graph {
        match &self.inner.pinned {
            Some(pinned) if query.takes_position() => &pinned.graph,
            _ => &self.inner.graph,
        }
    }

    /// The sites whose coordinates are held fixed in positions, and how to find these coordinates.
    pub(super) fn pins(&self) -> Option<&passes::Pins> {
        self.inner.pinned.as_ref().map(|p| &p.pins)
    }

    /// The same program, which compiles its own potential: for given values that lie on the edge of their support or
    /// too close to it to be found again from coordinates.
    pub(super) fn unpinned(&self) -> Program {
        let Inner { graph, leaves, unpinned, settings, .. } = &*self.inner;
        let make = || Program::new(graph.clone(), None, leaves.clone(), self.timings(), settings.clone());
        unpinned.get_or_init(make).clone()
    }

    /// The latent sites with their coordinates in the compiled potential's position, pinned ones included.
    pub(super) fn whole_layout(&self) -> Vec<Coordinates> {
        passes::layout(self.graph_for(Query::Potential))
    }

    /// For each of [`Program::outputs`] its place among the results of [`Query::Constrain`].
    pub(super) fn constrained_places(&self) -> Vec<usize> {
        let whole = passes::outputs(self.graph_for(Query::Constrain));
        self.outputs().iter().filter_map(|o| whole.iter().position(|w| w.name == o.name)).collect()
    }

    /// The names of sites that a query takes values for, in program order.
    pub(super) fn site_values(&self, query: Query) -> Vec<String> {
        values_of(self.graph_for(query), query).into_iter().map(|(name, _)| name).collect()
    }

    /// The sites that a query of many draws takes values for, in program order, with the types of one value.
    pub(super) fn values_of(&self, query: Query) -> Vec<(String, Ty)> {
        values_of(&self.inner.graph, query)
    }

    /// The names of sites that [`Program::condition`] or [`Program::substitute`] has opened, in program order.
    pub fn given_sites(&self) -> Vec<String> {
        let given = |s: &SampleSite| matches!(s.source, Source::Given { .. });
        sample_sites(&self.inner.graph).filter(|(_, s)| given(s)).map(|(n, _)| n).collect()
    }

    /// The pure graph that answers a query, legal for lowering. `observe` sees the name and the result of each pass.
    ///
    /// # Errors
    /// When the program cannot answer the query; the error names the site.
    pub fn resolve(&self, query: Query, observe: &mut dyn FnMut(&str, &Graph)) -> Result<Graph, Error> {
        self.stages(query, &mut |step| observe(step.pass, step.graph))
    }

    /// As [`Program::resolve`]; `observe` also sees what each pass took, and which were left out.
    ///
    /// # Errors
    /// As [`Program::resolve`].
    pub fn stages(&self, query: Query, observe: &mut dyn FnMut(Step<'_>)) -> Result<Graph, Error> {
        let start = Instant::now();
        let graph = pipeline::resolve(self.graph_for(query), query, &self.inner.settings, observe)?;
        self.time(|t| t.passes += start.elapsed());
        Ok(graph)
    }

    /// The query as HLO.
    ///
    /// # Errors
    /// When the program cannot answer the query.
    pub fn lower(&self, query: Query) -> Result<Lowered, Error> {
        self.lowered(self.graph_for(query), query, query.name())
    }

    fn lowered(&self, graph: &Graph, query: Query, name: &str) -> Result<Lowered, Error> {
        let (lowered, took) = pipeline::lower(graph, query, name, &self.inner.settings)?;
        self.time(|t| {
            t.passes += took.passes;
            t.lower += took.lower;
        });
        Ok(lowered)
    }

    fn compiled(
        &self,
        lowered: &Lowered,
        backend: &Arc<dyn Backend>,
        effort: Effort,
    ) -> Result<Compiled, Error> {
        let start = Instant::now();
        let compiled = lowered.compile_with(backend, effort)?;
        self.time(|t| t.compile += start.elapsed());
        Ok(compiled)
    }

    /// The compiled query: compiled at the first call, the same afterwards.
    ///
    /// # Errors
    /// When the program cannot answer the query, or the device refuses it.
    pub fn compile(&self, query: Query, backend: &Arc<dyn Backend>) -> Result<Arc<Compiled>, Error> {
        self.cached((query.name(), None), backend, || self.lower(query))
    }

    /// As [`Program::compile`], for many draws at once and never for pinned coordinates.
    pub(super) fn compile_many(
        &self,
        query: Query,
        how: &passes::Many,
        backend: &Arc<dyn Backend>,
    ) -> Result<Arc<Compiled>, Error> {
        self.cached((query.name(), Some(how.clone())), backend, || {
            let start = Instant::now();
            let graph = passes::many(&self.inner.graph, query, how)?;
            self.time(|t| t.passes += start.elapsed());
            let name = format!("{}.{}", query.name(), how.draws);
            self.lowered(&graph, Query::Evaluate, &name)
        })
    }

    /// A query to this program, or to what passes have made of it, as tensor arithmetic that another graph can take in.
    pub(super) fn pure(&self, graph: &Graph, query: Query) -> Result<Graph, Error> {
        pipeline::pure(graph, query, &self.inner.settings)
    }

    /// The executable under a key: compiled from what `lower` makes where there is none yet.
    fn cached(
        &self,
        key: Version,
        backend: &Arc<dyn Backend>,
        lower: impl FnOnce() -> Result<Lowered, Error>,
    ) -> Result<Arc<Compiled>, Error> {
        let mut compiled = self.inner.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(&key).filter(|c| Arc::ptr_eq(c.backend(), backend)) {
            return Ok(known.clone());
        }
        let fresh = Arc::new(self.compiled(&lower()?, backend, Effort::Full)?);
        compiled.insert(key, fresh.clone());
        Ok(fresh)
    }

    /// The same program with other sites given or drawn: made at the first call, the same afterwards.
    pub(super) fn opened(&self, opening: Opening) -> Result<Program, Error> {
        let mut opened = self.inner.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.get(&opening) {
            return Ok(known.clone());
        }
        let mut graph = self.inner.graph.clone();
        if opening.uncondition {
            graph = passes::uncondition(&graph, None)?;
        }
        let names: Vec<&str> = opening.given.iter().map(String::as_str).collect();
        let graph = passes::give(&graph, &names, false)?;
        let params: Vec<&str> = opening.params.iter().map(String::as_str).collect();
        let graph = passes::give_params(&graph, Some(&params))?;
        let Inner { leaves, settings, .. } = &*self.inner;
        let timings = Timings { trace: self.timings().trace, ..Timings::default() };
        let fresh = Program::new(graph, None, leaves.clone(), timings, settings.clone());
        opened.insert(opening, fresh.clone());
        Ok(fresh)
    }

    /// The conditions on data that the program states.
    pub(super) fn checks(&self) -> Result<Arc<passes::Checks>, Error> {
        let mut checks = self.inner.checks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*checks {
            return Ok(known.clone());
        }
        let fresh = Arc::new(passes::checks(&self.inner.graph)?);
        *checks = Some(fresh.clone());
        Ok(fresh)
    }

    /// Binds data: checks their types and every condition on values that depends on them alone, and copies them to the
    /// device once.
    ///
    /// # Errors
    /// When a leaf is missing or has another type, when values break a condition (an observation outside its support,
    /// NaN, an index out of range), or when the device fails.
    pub fn bind<T: Tree<Array>>(&self, data: &T, backend: &Arc<dyn Backend>) -> Result<Bound, Error> {
        Bound::new(self.clone(), self.ordered(data)?, backend.clone())
    }

    /// Holds data against the program as [`Program::bind`] does, without a device.
    ///
    /// # Errors
    /// When a leaf is missing or has another type, or when values break a condition.
    pub fn check<T: Tree<Array>>(&self, data: &T) -> Result<(), Error> {
        bound::check_unless_open(self, &self.ordered(data)?)
    }

    /// The arrays of these data in the order of the leaves.
    fn ordered<T: Tree<Array>>(&self, data: &T) -> Result<Vec<Array>, Error> {
        let mut arrays: Vec<(String, Array)> = Vec::new();
        data.visit(&mut Path::default(), &mut |path, visit| {
            if let Visit::Leaf(array) = visit {
                arrays.push((path.to_string(), array.clone()));
            }
        });
        let known = || self.inner.leaves.iter().map(|l| l.path.as_str()).collect::<Vec<_>>().join(", ");
        if let Some((leaf, _)) = arrays.iter().find(|(p, _)| self.inner.leaves.iter().all(|l| &l.path != p)) {
            return Err(DataError::Unknown { leaf: leaf.clone(), known: known() }.into());
        }
        let mut ordered = Vec::with_capacity(arrays.len());
        for LeafSpec { path, ty } in &self.inner.leaves {
            let Some((_, array)) = arrays.iter().find(|(p, _)| p == path) else {
                return Err(DataError::Missing { leaf: path.clone(), known: known() }.into());
            };
            if array.ty() != *ty {
                let (leaf, expected) = (path.clone(), ty.clone());
                return Err(DataError::Type { leaf, expected, found: array.ty() }.into());
            }
            ordered.push(array.clone());
        }
        Ok(ordered)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("leaves", &self.inner.leaves)
            .field("nodes", &self.inner.graph.len())
            .finish()
    }
}

/// The sample sites of a graph with their names, in program order.
fn sample_sites(graph: &Graph) -> impl Iterator<Item = (String, &SampleSite)> {
    graph.sites().filter_map(|(_, site)| match &site.kind {
        SiteKind::Sample(sample) => Some((site.name.clone(), &**sample)),
        _ => None,
    })
}

/// The sites whose values a query takes, in program order.
fn values_of(graph: &Graph, query: Query) -> Vec<(String, Ty)> {
    let wants = |site: &Site| match &site.kind {
        SiteKind::Sample(sample) => match sample.source {
            Source::Given { .. } => true,
            Source::Latent => !sample.hidden && query.takes_values(),
            Source::Operand { .. } => false,
        },
        SiteKind::Param(param) => param.given,
        kind => query.takes_states() && kind.reads_state(),
    };
    let sites = graph.sites().filter(|(_, site)| wants(site));
    sites.map(|(v, site)| (site.name.clone(), graph.ty(v).clone())).collect()
}

/// Paths and types of the leaves of a tree, in order.
pub(super) fn leaves<L: Leaf, T: Tree<L>>(tree: &T, ty: impl Fn(&L) -> Ty) -> Vec<LeafSpec> {
    let mut out = Vec::new();
    tree.visit(&mut Path::default(), &mut |path, visit| {
        if let Visit::Leaf(leaf) = visit {
            out.push(LeafSpec { path: path.to_string(), ty: ty(leaf) });
        }
    });
    out
}
