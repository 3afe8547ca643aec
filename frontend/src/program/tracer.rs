//! Traces of a program inside a function that is being recorded: what an algorithm reads of each of its sites.

use std::sync::Arc;

use indexmap::IndexMap;
use pyroxene_ir::{
    Array, CondIndepStackFrame, Graph, Loc, Role, SampleSite, SiteKind, Ty, Val,
    eval::eval,
    passes::{self, Part, Query, Traced},
};

use super::{
    error::{DataError, Error},
    recorded::{LeafSpec, Program},
};
use crate::{
    closure::graft,
    tensor::Tensor,
    trace::{ErrorKind, fail, type_of},
};

/// A program ready to be run under a seed, with values for its parameters and for replayed sites, as often as a function
/// that is being recorded wants; made by [`Program::tracer`].
#[derive(Clone, Debug)]
pub struct Tracer {
    recorded: Arc<Graph>,
    pure: Arc<Graph>,
    entries: Arc<Vec<Traced>>,
}

/// What a run of a program gave: NumPyro's trace, with log densities.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Sample sites that no `block` hides, in program order; factors are among them.
    pub sites: IndexMap<String, TraceSite>,
    /// The indices of plates that subsample.
    pub plates: IndexMap<String, Tensor>,
    /// Param sites.
    pub params: IndexMap<String, TraceParam>,
    /// The states of mutable sites for the next run.
    pub states: IndexMap<String, Tensor>,
}

/// A sample site of a [`Trace`].
#[derive(Clone, Debug)]
pub struct TraceSite {
    /// The value: drawn, replayed or observed.
    pub value: Tensor,
    /// The log density by element of the batch, with the site's scale, its plates' and its mask.
    pub log_prob: Tensor,
    /// What that scale, those of the plates and the mask multiply log densities by, by element of the batch.
    pub weight: Tensor,
    /// The parameters of the distribution, in the order of the site's [`params`](SampleSite::params).
    pub params: Vec<Tensor>,
    /// What is recorded of the site: its distribution's name, whether it is observed.
    pub sample: SampleSite,
    /// The plates around it, outermost first.
    pub frames: Vec<CondIndepStackFrame>,
    /// The user's line.
    pub loc: Option<Loc>,
}

/// A param site of a [`Trace`].
#[derive(Clone, Debug)]
pub struct TraceParam {
    /// The value, on its constraint.
    pub value: Tensor,
    /// The same on unconstrained space; none where the constraint has no bijection.
    pub unconstrained: Option<Tensor>,
    /// What the bijection reads.
    pub captures: Vec<Tensor>,
}

impl Trace {
    /// The sum of all log densities.
    pub fn log_density(&self) -> Tensor {
        let sums = self.sites.values().map(|site| site.log_prob.sum());
        sums.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::from(0.0))
    }
}

impl Program {
    /// Makes the program ready for traces in which its latent sample sites `sites` and its subsampling plates `plates` have
    /// the values of another trace (NumPyro's `replay`), and its parameters `params`, or all if `None`, values of their own
    /// (`substitute`) instead of their initial ones.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|y: &Tensor| {
    ///     let mu = sample("mu", Normal::new(0.0, param("width", 10.0)));
    ///     plate("i", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
    /// });
    /// let bound = model.bind(&Array::from([1.0, 2.0, 3.0]))?;
    /// let tracer = bound.program().tracer(&["mu"], &[], None)?;
    /// let density = bound.function("density", &[], |data, _| {
    ///     let given = |name: &str| Some(Tensor::from(if name == "mu" { 0.0 } else { 1.0 }));
    ///     vec![tracer.run(data, Key::new(0), &given).log_density()]
    /// })?;
    /// let expected = -7.0 - 4.0 * std::f64::consts::TAU.sqrt().ln();
    /// assert!((density.call(&[])?[0].to_f64_vec()[0] - expected).abs() < 1e-12);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When a name is no such site of the program, or a site cannot be drawn from.
    pub fn tracer(&self, sites: &[&str], plates: &[&str], params: Option<&[&str]>) -> Result<Tracer, Error> {
        let graph = passes::replay(self.graph(), sites, plates)?;
        let graph = passes::give_params(&graph, params)?;
        let pure = self.pure(&graph, Query::Trace)?;
        let entries = passes::traced(&graph);
        Ok(Tracer { recorded: Arc::new(graph), pure: Arc::new(pure), entries: Arc::new(entries) })
    }

    /// Where among the leaves of another program each of this one's lies, by its path.
    ///
    /// # Errors
    /// When a leaf is missing there or has another type.
    pub fn places_among(&self, leaves: &[LeafSpec]) -> Result<Vec<usize>, Error> {
        let known = || leaves.iter().map(|l| l.path.as_str()).collect::<Vec<_>>().join(", ");
        let place = |leaf: &LeafSpec| match leaves.iter().position(|l| l.path == leaf.path) {
            Some(i) if leaves[i].ty == leaf.ty => Ok(i),
            Some(i) => {
                let (leaf, expected, found) = (leaf.path.clone(), leaf.ty.clone(), leaves[i].ty.clone());
                Err(DataError::Type { leaf, expected, found }.into())
            }
            None => Err(DataError::Missing { leaf: leaf.path.clone(), known: known() }.into()),
        };
        self.leaves().iter().map(place).collect()
    }

    /// The parameters, in program order.
    pub fn params(&self) -> Vec<ParamSpec> {
        let graph = self.graph();
        let mut out: Vec<ParamSpec> = Vec::new();
        for (v, site) in graph.sites() {
            let SiteKind::Param(param) = &site.kind else { continue };
            let region = |id: Option<pyroxene_ir::RegionId>| id.map(|id| graph.region(id).clone());
            let captures = graph.operands(v).iter().skip(1).map(|c| graph.ty(*c).clone()).collect();
            out.push(ParamSpec {
                name: site.name.clone(),
                ty: graph.ty(v).clone(),
                constraint: param.constraint.clone(),
                loc: graph.node(v).loc.clone(),
                captures,
                constrain: region(param.constrain),
                unconstrain: region(param.unconstrain),
            });
        }
        out
    }
}

impl Tracer {
    /// Records a run: `data` in the order of the program's leaves, `key` for all draws, and `given` for values by name: of
    /// replayed sites and plates, of parameters, and of the states of mutable sites.
    ///
    /// # Errors
    /// Recorded with the caller's line: a value that is missing or has another type.
    #[track_caller]
    pub fn run(
        &self,
        data: &[Tensor],
        key: impl Into<crate::random::Key>,
        given: &dyn Fn(&str) -> Option<Tensor>,
    ) -> Trace {
        let (loc, key) = (Loc::caller(), key.into());
        let mut leaves = data.iter().copied();
        let args = self.pure.inputs().iter().map(|v| {
            let input = self.pure.input_of(*v)?;
            let arg = match input.role {
                Role::Key => Some(key.data()),
                Role::Site => given(&input.name),
                _ => leaves.next(),
            };
            self.fit(*v, &input.name, arg, &loc)
        });
        let args: Option<Vec<Tensor>> = args.collect();
        let results = args.map(|args| graft("trace", &self.pure, &args, &loc)).unwrap_or_default();
        self.sorted(&results)
    }

    /// The argument, if it is what the input wants; else that is reported.
    fn fit(&self, v: Val, name: &str, arg: Option<Tensor>, loc: &Loc) -> Option<Tensor> {
        let expected = self.pure.ty(v);
        let found = match arg {
            Some(arg) => match type_of(arg)? {
                ty if ty == *expected => return Some(arg),
                ty => format!("`{name}` has type {ty}, expected {expected}"),
            },
            None => format!("`{name}` has no value, expected one of type {expected}"),
        };
        let help = "give the program the values that its sites have".into();
        fail(ErrorKind::Usage { found, help }, loc.clone());
        None
    }

    /// The results by site; poison where there are none.
    fn sorted(&self, results: &[Tensor]) -> Trace {
        let mut trace = Trace::default();
        for (i, entry) in self.entries.iter().enumerate() {
            let result = results.get(i).copied().unwrap_or(Tensor::POISON);
            let name = &entry.name;
            match entry.part {
                Part::Value => {
                    let (graph, node) = (&self.recorded, self.recorded.node(entry.val));
                    let Some(site) = graph.site(entry.val) else { continue };
                    let SiteKind::Sample(sample) = &site.kind else { continue };
                    let (sample, frames) = ((**sample).clone(), site.frames.clone());
                    let (value, log_prob, weight) = (result, Tensor::POISON, Tensor::POISON);
                    let (params, loc) = (Vec::new(), node.loc.clone());
                    let site = TraceSite { value, log_prob, weight, params, sample, frames, loc };
                    trace.sites.insert(name.clone(), site);
                }
                Part::Param => {
                    let param = TraceParam { value: result, unconstrained: None, captures: Vec::new() };
                    trace.params.insert(name.clone(), param);
                }
                Part::Indices => _ = trace.plates.insert(name.clone(), result),
                Part::State => _ = trace.states.insert(name.clone(), result),
                part => trace.add(name, part, result),
            }
        }
        trace
    }
}

impl Trace {
    /// Adds a further part of a site that is there.
    fn add(&mut self, name: &str, part: Part, result: Tensor) {
        if let Some(site) = self.sites.get_mut(name) {
            match part {
                Part::LogProb => site.log_prob = result,
                Part::Weight => site.weight = result,
                Part::DistributionParam(_) => site.params.push(result),
                _ => {}
            }
        }
        if let Some(param) = self.params.get_mut(name) {
            match part {
                Part::Unconstrained => param.unconstrained = Some(result),
                Part::Capture(_) => param.captures.push(result),
                _ => {}
            }
        }
    }
}

/// A parameter of a program.
#[derive(Clone, Debug)]
pub struct ParamSpec {
    /// Its name.
    pub name: String,
    /// The type of its value.
    pub ty: Ty,
    /// Its constraint, in words.
    pub constraint: String,
    /// The user's line.
    pub loc: Option<Loc>,
    /// The types of what the bijection of its constraint reads.
    pub captures: Vec<Ty>,
    constrain: Option<Arc<Graph>>,
    unconstrain: Option<Arc<Graph>>,
}

impl ParamSpec {
    /// The type of its value on unconstrained space; none where the constraint has no bijection, and for integers.
    pub fn unconstrained(&self) -> Option<Ty> {
        self.constrain.as_ref().map(|region| region.ty(region.inputs()[0]).clone())
    }

    /// The value at `u` on unconstrained space, with what the bijection reads.
    #[track_caller]
    pub fn constrain(&self, u: Tensor, captures: &[Tensor]) -> Tensor {
        let Some(region) = &self.constrain else { return u };
        let args: Vec<Tensor> = std::iter::once(u).chain(captures.iter().copied()).collect();
        graft("constrain", region, &args[..region.inputs().len()], &Loc::caller())[0]
    }

    /// The same of arrays, on the host.
    ///
    /// # Errors
    /// When an array has another type.
    pub fn constrain_array(&self, u: &Array, captures: &[Array]) -> Result<Array, Error> {
        evaluated(self.constrain.as_deref(), u, captures)
    }

    /// The unconstrained coordinates of a value, on the host.
    ///
    /// # Errors
    /// When an array has another type.
    pub fn unconstrain_array(&self, value: &Array, captures: &[Array]) -> Result<Array, Error> {
        evaluated(self.unconstrain.as_deref(), value, captures)
    }
}

fn evaluated(region: Option<&Graph>, x: &Array, captures: &[Array]) -> Result<Array, Error> {
    let Some(region) = region else { return Ok(x.clone()) };
    let args: Vec<Array> = std::iter::once(x).chain(captures).cloned().collect();
    let results = eval(region, args.get(..region.inputs().len()).unwrap_or(&args))?;
    Ok(results.into_iter().next().unwrap_or_else(|| x.clone()))
}
