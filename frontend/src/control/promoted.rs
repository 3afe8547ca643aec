//! The distribution of a site inside control flow as it looks from outside: of all iterations, or of the branch chosen.

use std::{rc::Rc, sync::Arc};

use pyroxene_ir::{
    DType, Dims, Graph, Loc, ParamInfo, Phase, RegionId, Role, SampleSite, Ty, TypeError, Val, ops,
};

use crate::{
    closure::graft,
    constraints::{Constraint, Support},
    distributions::{Distribution, Param},
    tensor::Tensor,
    trace::{ErrorKind, build, fail},
    transforms::Transform,
};

/// How the sites inside become one.
#[derive(Clone, Copy)]
pub(super) enum Over {
    /// One for each of so many iterations, along a new first dimension (NumPyro's `promote_batch_shape`).
    Iterations(usize),
    /// That of the branch with this index.
    Branches(Tensor),
}

/// One site inside.
pub(super) struct Inner<'a> {
    /// The graph of the function.
    pub(super) graph: &'a Graph,
    pub(super) site: &'a SampleSite,
    /// The type of its value.
    pub(super) value: Ty,
    /// The types of its captures.
    pub(super) captures: Vec<Ty>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Promoted(Rc<Parts>);

struct Parts {
    name: String,
    infos: Vec<ParamInfo>,
    names: Vec<&'static str>,
    support: String,
    discrete: bool,
    value: Ty,
    event_dim: usize,
    /// The captures outside.
    captures: Vec<Tensor>,
    /// Those that are parameters, with dimensions of size 1 so that they broadcast with the batch from the right.
    params: Vec<Tensor>,
    /// The index of the branch.
    index: Option<Tensor>,
    loc: Loc,
    log_prob: Graph,
    in_support: Graph,
    feasible: Graph,
    feasible_params: Graph,
    valid_params: Graph,
    /// `constrain` and `unconstrain`.
    bijection: Option<(Graph, Graph)>,
}

impl Promoted {
    /// Of the sites that the function, or each branch, declares under one name; `captures` are theirs from outside.
    pub(super) fn of(
        inner: &[Inner<'_>],
        names: &[&'static str],
        over: Over,
        captures: &[Tensor],
        loc: &Loc,
    ) -> Option<Promoted> {
        let first = &inner[0];
        let site = first.site;
        let dims_of = |i: usize, less: usize| {
            let dims = &first.captures[i].dims;
            Dims::from_slice(&dims[..dims.len().saturating_sub(less)])
        };
        let params = || site.params.iter().enumerate();
        let safe: Vec<Dims> = params().map(|(i, _)| dims_of(i, 0)).collect();
        let valid: Vec<Dims> = params().map(|(i, info)| dims_of(i, info.event_dim)).collect();
        let value = [first.value.clone()];
        let regions = &site.regions;
        let make = |pick: fn(&SampleSite) -> RegionId, own: &[Ty], dims: &[Dims]| {
            let made = combined(inner, pick, own, dims, over);
            made.map_err(|e| fail(ErrorKind::Type(e), loc.clone())).ok()
        };
        let value_dims = first.value.dims.clone();
        let bijection = match (regions.constrain, regions.unconstrain) {
            (Some(constrain), Some(_)) => {
                let region = first.graph.region(constrain);
                let u = region.ty(*region.inputs().first()?).clone();
                // Branches that have none have other types, which is found before.
                let forward = |s: &SampleSite| s.regions.constrain.unwrap_or(s.regions.log_prob);
                let backward = |s: &SampleSite| s.regions.unconstrain.unwrap_or(s.regions.log_prob);
                let to = make(forward, std::slice::from_ref(&u), &[value_dims.clone(), Dims::new()])?;
                Some((to, make(backward, &value, std::slice::from_ref(&u.dims))?))
            }
            _ => None,
        };
        let batch = [site.batch.clone()];
        let stacked = match over {
            Over::Iterations(n) => {
                first.value.with_dims(std::iter::once(n).chain(value_dims.iter().copied()))
            }
            Over::Branches(_) => first.value.clone(),
        };
        let padded = params().map(|(i, info)| {
            let own = first.captures[i].rank().saturating_sub(info.event_dim);
            pad(captures[i], site.batch.len().saturating_sub(own), over, loc)
        });
        Some(Promoted(Rc::new(Parts {
            name: site.distribution.clone(),
            infos: site.params.clone(),
            names: names.to_vec(),
            support: site.support.clone(),
            discrete: site.discrete,
            value: stacked,
            event_dim: site.event_dim,
            captures: captures.to_vec(),
            params: padded.collect(),
            index: if let Over::Branches(index) = over { Some(index) } else { None },
            loc: loc.clone(),
            log_prob: make(|s| s.regions.log_prob, &value, &batch)?,
            in_support: make(|s| s.regions.in_support, &value, &batch)?,
            feasible: make(|s| s.regions.feasible, &[], std::slice::from_ref(&value_dims))?,
            feasible_params: make(|s| s.regions.feasible_params, &[], &safe)?,
            valid_params: make(|s| s.regions.valid_params, &[], &valid)?,
            bijection,
        })))
    }
}

/// A tensor with dimensions of size 1 after that of the iterations, so that it broadcasts from the right with a batch of
/// as many dimensions more.
pub(super) fn pad(x: Tensor, more: usize, over: Over, loc: &Loc) -> Tensor {
    let Over::Iterations(n) = over else { return x };
    if more == 0 || x.is_poison() {
        return x;
    }
    let rest = x.dims();
    let dims: Dims =
        std::iter::once(n).chain(std::iter::repeat_n(1, more)).chain(rest.iter().skip(1).copied()).collect();
    build("reshape", &[x], loc.clone(), |g, v| g.reshape(v[0], &dims))
}

/// One graph of the regions that `pick` says, which takes arguments of the types `own`, the captures and, for branches,
/// the index; its outputs have the dimensions `dims` of each site.
fn combined(
    inner: &[Inner<'_>],
    pick: impl Fn(&SampleSite) -> RegionId,
    own: &[Ty],
    dims: &[Dims],
    over: Over,
) -> Result<Graph, TypeError> {
    let whole = |one: &Inner<'_>| -> Result<Graph, TypeError> {
        let region = one.graph.region(pick(one.site));
        let mut g = Graph::new(Phase::Pure);
        let tys = own.iter().chain(&one.captures);
        let args: Vec<Val> = tys.map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
        let outputs = g.graft(region, &args[..region.inputs().len()])?;
        let outputs = outputs.into_iter().zip(dims).map(|(v, dims)| g.broadcast_to(v, dims));
        let outputs = outputs.collect::<Result<Vec<Val>, _>>()?;
        g.set_outputs(outputs);
        Ok(g)
    };
    let graphs = inner.iter().map(whole).collect::<Result<Vec<Graph>, _>>()?;
    match over {
        Over::Iterations(n) => iterated(&graphs[0], n),
        Over::Branches(_) => chosen(graphs),
    }
}

/// The graph over all iterations, which everything has along its first dimension.
fn iterated(graph: &Graph, n: usize) -> Result<Graph, TypeError> {
    let axes = vec![Some(0); graph.inputs().len()];
    let (mut g, held) = pyroxene_ir::passes::batch(graph, &axes, n)?;
    let outputs = g.outputs().to_vec().into_iter().zip(held).map(|(v, axis)| match axis {
        Some(axis) => g.move_axis(v, axis, 0),
        None => g.repeat_along(v, 0, n),
    });
    let outputs = outputs.collect::<Result<Vec<Val>, _>>()?;
    g.set_outputs(outputs);
    Ok(g)
}

/// The graph of the branch that one more argument, its index, says.
fn chosen(graphs: Vec<Graph>) -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let tys = graphs[0].inputs().iter().map(|v| graphs[0].ty(*v).clone());
    let mut args: Vec<Val> = tys.map(|ty| g.input("x", Role::Argument, ty)).collect();
    let index = g.input("index", Role::Argument, Ty::scalar(DType::I32));
    let outputs = if graphs[0].outputs().is_empty() {
        Vec::new()
    } else if graphs.iter().all(|other| *other == graphs[0]) {
        g.graft(&graphs[0], &args)?
    } else {
        args.insert(0, index);
        g.push_all(ops::Switch { branches: graphs.into_iter().map(Arc::new).collect() }, &args)?.to_vec()
    };
    g.set_outputs(outputs);
    Ok(g)
}

impl Parts {
    /// The graph's outputs for these arguments of its own.
    fn call(&self, graph: &Graph, own: &[Tensor]) -> Vec<Tensor> {
        let args: Vec<Tensor> = own.iter().chain(&self.captures).chain(&self.index).copied().collect();
        let results = graft("control_flow", graph, &args, &self.loc);
        if results.len() == graph.outputs().len() {
            results
        } else {
            vec![Tensor::POISON; graph.outputs().len()]
        }
    }

    fn first(&self, graph: &Graph, own: &[Tensor]) -> Tensor {
        self.call(graph, own).first().copied().unwrap_or(Tensor::POISON)
    }

    fn batch(&self) -> &[usize] {
        &self.value.dims[..self.value.rank() - self.event_dim]
    }

    /// A value, or one for all iterations.
    fn whole(&self, value: Tensor) -> Tensor {
        build("broadcast_to", &[value], self.loc.clone(), |g, v| g.broadcast_to(v[0], &self.value.dims))
    }
}

impl Distribution for Promoted {
    fn name(&self) -> String {
        self.0.name.clone()
    }

    fn params(&self) -> Vec<Param> {
        let param = |(i, name): (usize, &&'static str)| {
            let constraint = Rc::new(OfParam { parts: self.0.clone(), i });
            Param { name, value: self.0.params[i], constraint }
        };
        self.0.names.iter().enumerate().map(param).collect()
    }

    fn support(&self) -> Support {
        Rc::new(OfValue(self.0.clone()))
    }

    fn batch_shape(&self) -> Option<Dims> {
        Some(Dims::from_slice(self.0.batch()))
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&self.0.value.dims[self.0.batch().len()..])
    }

    fn dtype(&self) -> DType {
        self.0.value.dtype
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        self.0.first(&self.0.log_prob, &[self.0.whole(value)])
    }
}

/// The support of the values.
struct OfValue(Rc<Parts>);

impl Constraint for OfValue {
    fn describe(&self) -> String {
        self.0.support.clone()
    }

    fn event_dim(&self) -> usize {
        self.0.event_dim
    }

    fn is_discrete(&self) -> bool {
        self.0.discrete
    }

    fn check(&self, value: Tensor) -> Tensor {
        self.0.first(&self.0.in_support, &[self.0.whole(value)])
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        self.0.first(&self.0.feasible, &[]).convert(prototype.dtype())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        self.0.bijection.as_ref().map(|_| Rc::new(OfCoordinates(self.0.clone())) as Rc<dyn Transform>)
    }
}

/// What a parameter must satisfy: asked of the parameter itself.
struct OfParam {
    parts: Rc<Parts>,
    i: usize,
}

impl OfParam {
    /// Output `i` in the dimensions of the parameter as it looks from outside.
    fn padded(&self, graph: &Graph, event_dim: usize) -> Tensor {
        let x = self.parts.call(graph, &[]).get(self.i).copied().unwrap_or(Tensor::POISON);
        let dims = self.parts.params[self.i].dims();
        let dims = &dims[..dims.len().saturating_sub(event_dim)];
        build("reshape", &[x], self.parts.loc.clone(), |g, v| g.reshape(v[0], dims))
    }
}

impl Constraint for OfParam {
    fn describe(&self) -> String {
        self.parts.infos[self.i].constraint.clone()
    }

    fn event_dim(&self) -> usize {
        self.parts.infos[self.i].event_dim
    }

    fn check(&self, _value: Tensor) -> Tensor {
        self.padded(&self.parts.valid_params, self.event_dim())
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        self.padded(&self.parts.feasible_params, 0).convert(prototype.dtype())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        None
    }
}

/// The bijection of the support.
struct OfCoordinates(Rc<Parts>);

impl OfCoordinates {
    fn graphs(&self) -> (&Graph, &Graph) {
        // There is one where the support handed this out.
        self.0.bijection.as_ref().map_or((&self.0.feasible, &self.0.feasible), |(to, from)| (to, from))
    }
}

impl Transform for OfCoordinates {
    fn domain_event_dim(&self) -> usize {
        self.0.event_dim
    }

    fn codomain_event_dim(&self) -> usize {
        self.0.event_dim
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.0.first(self.graphs().0, &[x])
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        self.0.first(self.graphs().1, &[y])
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        self.0.call(self.graphs().0, &[x]).get(1).copied().unwrap_or(Tensor::POISON)
    }

    fn inverse_dims(&self, _dims: &[usize]) -> Dims {
        let graph = self.graphs().0;
        graph.inputs().first().map(|v| graph.ty(*v).dims.clone()).unwrap_or_default()
    }
}
