//! Control flow with sites inside: once a query gives these their values, the pure loop or choice that it stands for.

use super::{PassError, Query, at, influences, resolve_sites::Resolver};
use crate::{
    error::TypeError,
    graph::{Graph, Node, Phase, Role, Val},
    ops,
    site::{ControlFlowSite, Flow, SampleSite, SiteKind},
    threefry,
    types::{DType, Ty},
};

/// What a site inside takes its value from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inside {
    /// A value.
    Value(Val),
    /// Unconstrained coordinates.
    Coordinates(Val),
}

/// A control flow about to be resolved in a new graph, whose values these are.
pub(super) struct Unresolved<'a> {
    /// The graph that holds the site.
    pub(super) graph: &'a Graph,
    pub(super) node: &'a Node,
    pub(super) flow: &'a ControlFlowSite,
    pub(super) query: Query,
    /// Those of the op; what is not known is `None`.
    pub(super) operands: Vec<Option<Val>>,
    pub(super) key: Option<Val>,
    /// Where not all is known: a scalar that stands for what is not.
    pub(super) unknown: Option<Val>,
    /// By the result that holds the site's value.
    pub(super) inside: Vec<(usize, Inside)>,
    /// Which results anybody reads.
    pub(super) wanted: Vec<bool>,
}

/// The sample sites of `graph` that stand for those inside the control flow `v`, each with the result that holds its
/// value, in program order.
pub(super) fn sites_within(graph: &Graph, v: Val) -> Vec<(Val, usize, &SampleSite)> {
    let mut out = Vec::new();
    for (p, site) in graph.sites() {
        let SiteKind::Sample(sample) = &site.kind else { continue };
        let Some(slot) = sample.slots().within else { continue };
        let (from, k) = graph.origin(graph.operands(p)[slot]);
        if from == v {
            out.push((p, k, &**sample));
        }
    }
    out
}

/// How many of a site's leftmost dimensions are those of iterations: one for each loop that it lies in.
pub(super) fn iteration_dims(graph: &Graph, v: Val) -> usize {
    let Some(SiteKind::Sample(sample)) = graph.site(v).map(|s| &s.kind) else { return 0 };
    let Some(slot) = sample.slots().within else { return 0 };
    let (of, k) = graph.origin(graph.operands(v)[slot]);
    let Some(SiteKind::ControlFlow(flow)) = graph.site(of).map(|s| &s.kind) else { return 0 };
    let inside = flow.regions().first().map(|id| graph.region(*id));
    let further =
        inside.and_then(|body| body.outputs().get(k).map(|v| iteration_dims(body, *v))).unwrap_or(0);
    further + usize::from(matches!(flow.flow, Flow::Scan { .. }))
}

/// Which results of node `v` a query reads: a site inside has operands that its value alone does not need.
pub(super) fn wanted(graph: &Graph, v: Val, query: Query) -> Vec<bool> {
    let mut wanted = vec![false; graph.node(v).results().count()];
    let values_only = !query.wants_density() && query != Query::Unconstrain;
    let mut read = |o: Val| {
        let (of, k) = graph.origin(o);
        if of == v {
            wanted[k] = true;
        }
    };
    graph.outputs().iter().copied().for_each(&mut read);
    for user in graph.vals().skip(v.index() + 1) {
        if matches!(graph.node(user).kind, crate::graph::Kind::Part(_)) {
            continue;
        }
        let mut operands = graph.operands(user);
        if let Some(SiteKind::Sample(sample)) = graph.site(user).map(|s| &s.kind)
            && sample.within
            && values_only
        {
            operands.truncate(
                sample.slots().mask.unwrap_or(sample.slots().captures).min(sample.slots().captures),
            );
        }
        operands.into_iter().for_each(&mut read);
    }
    wanted
}

/// Resolves the control flow into `out`: its results, as far as they are wanted and known.
pub(super) fn resolve(out: &mut Graph, flow: Unresolved<'_>) -> Result<Vec<Option<Val>>, PassError> {
    match &flow.flow.flow {
        Flow::Scan { consts, carries, length, reverse, body } => {
            let body = flow.graph.region(*body).clone();
            scan(out, &flow, (*consts, *carries), (*length, *reverse), &body)
        }
        Flow::Switch { branches } => {
            let branches: Vec<_> = branches.iter().map(|b| flow.graph.region(*b).clone()).collect();
            let mut made = Vec::with_capacity(branches.len());
            for branch in &branches {
                let mut body = Body::new(branch, &flow);
                body.take(&flow.operands[1..]);
                body.key(flow.key, false).map_err(flow.failed())?;
                body.unknown(out, &flow);
                body.inside(out, &flow, None).map_err(flow.failed())?;
                made.push(body.resolve()?);
            }
            switch(out, &flow, made).map_err(flow.failed())
        }
    }
}

impl Unresolved<'_> {
    fn failed(&self) -> impl Fn(TypeError) -> PassError + '_ {
        at("resolve_sites", self.node, None)
    }
}

/// A region of a control flow on the way to a pure graph: its arguments, and what they are outside.
struct Body<'a> {
    resolver: Resolver<'a>,
    /// How many inputs of the region have their argument.
    bound: usize,
    /// Outside, each argument; `None` where it is not known.
    args: Vec<Option<Val>>,
    /// The key that is left after an iteration.
    next_key: Option<Val>,
    region: &'a Graph,
}

/// A region with all sites resolved.
struct Pure {
    graph: Graph,
    args: Vec<Option<Val>>,
    /// Those of the region.
    outputs: Vec<Val>,
    next_key: Option<Val>,
}

impl<'a> Body<'a> {
    fn new(region: &'a Graph, flow: &Unresolved<'_>) -> Body<'a> {
        let resolver = Resolver::inside(region, flow.query);
        Body { resolver, bound: 0, args: Vec::new(), next_key: None, region }
    }

    fn argument(&mut self, ty: Ty, outside: Option<Val>) -> Val {
        self.args.push(outside);
        self.resolver.out.input("x", Role::Argument, ty)
    }

    /// The next inputs of the region, with these arguments outside.
    fn take(&mut self, outside: &[Option<Val>]) {
        for x in outside {
            let input = self.region.inputs()[self.bound];
            let v = self.argument(self.region.ty(input).clone(), *x);
            self.resolver.map[input.index()] = v;
            self.bound += 1;
        }
    }

    /// The key of draws inside: the one given, or, in a loop, the second half of it, the first being left for the next
    /// iteration.
    fn key(&mut self, key: Option<Val>, split: bool) -> Result<(), TypeError> {
        let Some(key) = key else { return Ok(()) };
        let mut own = self.argument(Ty::new(DType::U32, [2]), Some(key));
        if split {
            let [next, half] = threefry::split_pair(&mut self.resolver.out, own)?;
            (own, self.next_key) = (half, Some(next));
        }
        self.resolver.keys.insert(None, own);
        Ok(())
    }

    fn unknown(&mut self, out: &Graph, flow: &Unresolved<'_>) {
        if let Some(unknown) = flow.unknown {
            let ty = out.ty(unknown).clone();
            self.resolver.unknown = Some(self.argument(ty, None));
        }
    }

    /// What the query gives sites inside; in a loop a slice of it.
    fn inside(&mut self, out: &Graph, flow: &Unresolved<'_>, length: Option<usize>) -> Result<(), TypeError> {
        for (k, inside) in &flow.inside {
            let (Inside::Value(outer) | Inside::Coordinates(outer)) = *inside;
            let mut ty = out.ty(outer).clone();
            if length.is_some() {
                ty = ty.with_dims(ty.dims.iter().skip(1).copied());
            }
            let v = self.argument(ty, Some(outer));
            let given = match inside {
                Inside::Value(_) => Inside::Value(v),
                Inside::Coordinates(_) => Inside::Coordinates(v),
            };
            self.resolver.given.insert(self.region.outputs()[*k], given);
        }
        Ok(())
    }

    fn resolve(mut self) -> Result<Pure, PassError> {
        for v in self.region.vals() {
            self.resolver.node(v)?;
        }
        let outputs = self.region.outputs().iter().map(|v| self.resolver.map[v.index()]).collect();
        Ok(Pure { graph: self.resolver.out, args: self.args, outputs, next_key: self.next_key })
    }
}

fn scan(
    out: &mut Graph,
    flow: &Unresolved<'_>,
    (consts, carries): (usize, usize),
    (length, reverse): (usize, bool),
    region: &Graph,
) -> Result<Vec<Option<Val>>, PassError> {
    let mut body = Body::new(region, flow);
    body.take(&flow.operands[..consts]);
    body.unknown(out, flow);
    let first_carry = body.args.len();
    body.take(&flow.operands[consts..consts + carries]);
    body.key(flow.key, true).map_err(flow.failed())?;
    let first_x = body.args.len();
    body.take(&flow.operands[consts + carries..]);
    body.inside(out, flow, Some(length)).map_err(flow.failed())?;
    let pure = body.resolve()?;
    let (carried, ys) = pure.outputs.split_at(carries);
    let carried: Vec<Val> = carried.iter().copied().chain(pure.next_key).collect();
    let loops = Loop {
        body: &pure.graph,
        args: &pure.args,
        first_carry,
        first_x,
        carried: &carried,
        length,
        reverse,
    };
    let mut results = Vec::with_capacity(carries + ys.len());
    let pruned = loops.prune(out, &flow.wanted[..carries], ys, &flow.wanted[carries..]);
    results.extend(pruned.map_err(flow.failed())?);
    Ok(results)
}

/// A pure loop of which some results are wanted.
struct Loop<'a> {
    body: &'a Graph,
    /// Outside, the argument of each input.
    args: &'a [Option<Val>],
    first_carry: usize,
    first_x: usize,
    /// The next carries.
    carried: &'a [Val],
    length: usize,
    reverse: bool,
}

/// Where a result of a loop comes from.
enum Origin {
    /// Nobody wants it, or it is not known.
    None,
    /// An argument is that stack already.
    Stack(Val),
    /// It is the same in all iterations.
    Same(Val),
    /// Output `i` of the loop.
    Output(usize),
}

impl Loop<'_> {
    /// The inputs that are carries.
    fn carries(&self) -> &[Val] {
        &self.body.inputs()[self.first_carry..self.first_x]
    }

    /// What does not depend on anything unknown.
    fn known(&self) -> Vec<bool> {
        let inputs = self.body.inputs();
        let mut unknown: Vec<Val> =
            inputs.iter().zip(self.args).filter(|(_, a)| a.is_none()).map(|(v, _)| *v).collect();
        loop {
            let reached = influences(self.body, &unknown);
            let before = unknown.len();
            let more = self.carries().iter().zip(self.carried);
            let more: Vec<Val> =
                more.filter(|(i, o)| reached[o.index()] && !reached[i.index()]).map(|(i, _)| *i).collect();
            unknown.extend(more);
            if unknown.len() == before {
                return reached.into_iter().map(|r| !r).collect();
            }
        }
    }

    /// The loop with what its wanted results need, and these results.
    fn prune(
        &self,
        out: &mut Graph,
        wanted_carries: &[bool],
        ys: &[Val],
        wanted_ys: &[bool],
    ) -> Result<Vec<Option<Val>>, TypeError> {
        let known = self.known();
        let (inputs, changes) =
            (self.body.inputs(), influences(self.body, &self.body.inputs()[self.first_carry..]));
        let mut stacked: Vec<Val> = Vec::new();
        let mut live: Vec<bool> = self.carries().iter().map(|_| false).collect();
        for (i, wanted) in wanted_carries.iter().enumerate() {
            live[i] = *wanted && known[self.carries()[i].index()];
        }
        let mut sources = Vec::with_capacity(ys.len());
        for (y, wanted) in ys.iter().zip(wanted_ys) {
            let at = inputs.iter().position(|i| i == y).filter(|i| *i >= self.first_x);
            sources.push(match at.and_then(|i| self.args[i]) {
                _ if !wanted || !known[y.index()] => Origin::None,
                Some(stack) => Origin::Stack(stack),
                None if !changes[y.index()] => Origin::Same(*y),
                None => {
                    let at = stacked.iter().position(|s| s == y).unwrap_or(stacked.len());
                    if at == stacked.len() {
                        stacked.push(*y);
                    }
                    Origin::Output(at)
                }
            });
        }
        let reach = self.reach(&mut live, &stacked);
        let results = self.push(out, &live, &stacked, &reach)?;
        let live_count = live.iter().filter(|l| **l).count();
        let mut carry = results.iter().copied();
        let carried = live.iter().map(|l| if *l { carry.next() } else { None });
        let mut made: Vec<Option<Val>> =
            carried.take(wanted_carries.len()).zip(wanted_carries).map(|(v, w)| v.filter(|_| *w)).collect();
        for source in sources {
            made.push(match source {
                Origin::None => None,
                Origin::Stack(v) => Some(v),
                Origin::Output(i) => results.get(live_count + i).copied(),
                Origin::Same(y) => {
                    let x = extract(out, self.body, y, self.args)?;
                    Some(out.repeat_along(x, 0, self.length)?)
                }
            });
        }
        Ok(made)
    }

    /// Extends the live carries to those that live ones and the stacked outputs need; what all of them need.
    fn reach(&self, live: &mut [bool], stacked: &[Val]) -> Vec<bool> {
        loop {
            let next = self.carried.iter().zip(live.iter()).filter(|(_, l)| **l).map(|(v, _)| *v);
            let roots: Vec<Val> = next.chain(stacked.iter().copied()).collect();
            let reach = self.body.reachable(&roots);
            let mut grown = false;
            for (l, carry) in live.iter_mut().zip(self.carries()) {
                grown |= !*l && reach[carry.index()];
                *l |= reach[carry.index()];
            }
            if !grown {
                return reach;
            }
        }
    }

    /// Adds the loop with these carries and outputs alone.
    fn push(
        &self,
        out: &mut Graph,
        live: &[bool],
        stacked: &[Val],
        reach: &[bool],
    ) -> Result<Vec<Val>, TypeError> {
        let carries = live.iter().filter(|l| **l).count();
        if carries + stacked.len() == 0 {
            return Ok(Vec::new());
        }
        let mut keep = reach.to_vec();
        let mut operands = Vec::new();
        let mut consts = 0;
        for (i, (input, arg)) in self.body.inputs().iter().zip(self.args).enumerate() {
            let carry = i >= self.first_carry && i < self.first_x;
            keep[input.index()] = if carry { live[i - self.first_carry] } else { reach[input.index()] };
            if keep[input.index()] {
                let Some(arg) = arg else { return Ok(Vec::new()) };
                operands.push(*arg);
                consts += usize::from(i < self.first_carry);
            }
        }
        let chosen = self.carried.iter().zip(live).filter(|(_, l)| **l).map(|(v, _)| *v);
        let outputs: Vec<Val> = chosen.chain(stacked.iter().copied()).collect();
        let body = std::sync::Arc::new(kept(self.body, &keep, &outputs)?);
        let (length, reverse) = (self.length, self.reverse);
        let op = ops::Scan { consts, carries, length, reverse, saves: false, body };
        Ok(out.push_all(op, &operands)?.to_vec())
    }
}

/// The graph of the nodes that are kept, with these outputs.
fn kept(graph: &Graph, keep: &[bool], outputs: &[Val]) -> Result<Graph, TypeError> {
    let mut out = Graph::new(Phase::Pure);
    let mut map = vec![Val::from_index(0); graph.len()];
    for v in graph.vals().filter(|v| keep[v.index()]) {
        let operands: Vec<Val> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        map[v.index()] = out.copy_node(graph, v, &operands)?;
    }
    out.set_outputs(outputs.iter().map(|v| map[v.index()]));
    Ok(out)
}

/// Value `y` of a body, which depends on known constants alone, outside of it.
fn extract(out: &mut Graph, body: &Graph, y: Val, args: &[Option<Val>]) -> Result<Val, TypeError> {
    let graph = kept(body, &body.reachable(&[y]), &[y])?;
    let used = body.reachable(&[y]);
    let args: Vec<Val> =
        body.inputs().iter().zip(args).filter(|(i, _)| used[i.index()]).filter_map(|(_, a)| *a).collect();
    Ok(out.graft(&graph, &args)?[0])
}

/// The choice between resolved branches, which have the same arguments.
fn switch(
    out: &mut Graph,
    flow: &Unresolved<'_>,
    branches: Vec<Pure>,
) -> Result<Vec<Option<Val>>, TypeError> {
    let args = branches[0].args.clone();
    let index = flow.operands[0];
    let known: Vec<Vec<bool>> = branches
        .iter()
        .map(|b| {
            let unknown: Vec<Val> =
                b.graph.inputs().iter().zip(&b.args).filter(|(_, a)| a.is_none()).map(|(v, _)| *v).collect();
            influences(&b.graph, &unknown).into_iter().map(|r| !r).collect()
        })
        .collect();
    let (mut results, mut chosen): (Vec<Option<Val>>, Vec<usize>) = (Vec::new(), Vec::new());
    for (k, wanted) in flow.wanted.iter().enumerate() {
        let input = |b: &Pure| b.graph.inputs().iter().position(|i| *i == b.outputs[k]);
        let first = input(&branches[0]).filter(|i| branches.iter().all(|b| input(b) == Some(*i)));
        let sure = branches.iter().zip(&known).all(|(b, known)| known[b.outputs[k].index()]);
        results.push(first.and_then(|i| args[i]));
        if *wanted && first.is_none() && sure && index.is_some() {
            chosen.push(k);
        }
    }
    let Some(index) = index.filter(|_| !chosen.is_empty()) else { return Ok(results) };
    let outputs = |b: &Pure| chosen.iter().map(|k| b.outputs[*k]).collect::<Vec<_>>();
    let needs: Vec<Vec<bool>> = branches.iter().map(|b| b.graph.reachable(&outputs(b))).collect();
    // Inputs come first in all of them, so that they have the same numbers.
    let used = |i: usize| branches.iter().zip(&needs).any(|(b, n)| n[b.graph.inputs()[i].index()]);
    let used: Vec<bool> = (0..args.len()).map(used).collect();
    let mut pure = Vec::with_capacity(branches.len());
    for (branch, mut keep) in branches.iter().zip(needs) {
        branch.graph.inputs().iter().zip(&used).for_each(|(i, used)| keep[i.index()] = *used);
        pure.push(std::sync::Arc::new(kept(&branch.graph, &keep, &outputs(branch))?));
    }
    let operands = args.iter().zip(&used).filter(|(_, used)| **used).filter_map(|(a, _)| *a);
    let operands: Vec<Val> = std::iter::once(index).chain(operands).collect();
    let made = out.push_all(ops::Switch { branches: pure }, &operands)?;
    chosen.into_iter().zip(made).for_each(|(k, v)| results[k] = Some(v));
    Ok(results)
}
