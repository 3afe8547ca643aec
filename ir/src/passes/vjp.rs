//! Reverse-mode differentiation: appends adjoints to a graph's own forward values, from its outputs back to its inputs.

use super::{Need, Pass, PassError, Query, at};
use crate::{
    graph::{Graph, Kind, Node, Operands, Phase, Role, Val},
    ops::{self, Op},
};

/// Adds the gradient by the position to a graph that returns a potential.
pub struct Vjp;

impl Pass for Vjp {
    fn name(&self) -> &'static str {
        "vjp"
    }

    fn applies(&self, query: Query) -> bool {
        query == Query::PotentialAndGradient
    }

    fn need(&self) -> Need {
        Need::Required
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        let by_position = |v: &Val| graph.input_of(*v).is_some_and(|i| i.role == Role::Position);
        let wrt: Vec<Val> = graph.inputs().iter().copied().filter(by_position).collect();
        value_and_grad(graph, &wrt)
    }
}

/// The graph with the gradient of its first output, a float scalar, by each of `wrt` appended to its outputs.
///
/// Values and adjoints share one graph, so the forward is computed once. Contributions are added in the order in which
/// users of a value appear, last first: the result is deterministic.
///
/// # Errors
/// When an op on the way has no reverse derivative.
pub fn value_and_grad(graph: &Graph, wrt: &[Val]) -> Result<Graph, PassError> {
    let mut reverse = Reverse::of(graph, wrt)?;
    let Some(root) = graph.outputs().first().copied() else { return Ok(reverse.out) };
    // A seed of the output's own type: for a scalar this is the gradient, otherwise that of the sum.
    let seed = reverse.out.full_like(reverse.map[root.index()], 1.0);
    let seed = seed.map_err(at("vjp", graph.node(root), None))?;
    let gradients = reverse.gradients(&[(root, seed)], wrt)?;
    let Reverse { mut out, map, .. } = reverse;
    out.set_outputs(graph.outputs().iter().map(|v| map[v.index()]).chain(gradients));
    Ok(out)
}

/// The reverse derivative as a graph of its own: it takes the inputs of `graph` and then a cotangent for each of the
/// outputs `seeded` says, and returns what flows to each of `wrt`.
///
/// # Errors
/// When an op on the way has no reverse derivative.
pub fn pullback(graph: &Graph, wrt: &[Val], seeded: &[bool]) -> Result<Graph, PassError> {
    let mut reverse = Reverse::of(graph, wrt)?;
    let seeded = graph.outputs().iter().zip(seeded).filter(|(_, on)| **on);
    let seeds: Vec<(Val, Val)> = seeded
        .map(|(v, _)| (*v, reverse.out.input("cotangent", Role::Argument, graph.ty(*v).clone())))
        .collect();
    let gradients = reverse.gradients(&seeds, wrt)?;
    reverse.out.set_outputs(gradients);
    Ok(reverse.out)
}

/// A copy of a graph, to which adjoints are added.
struct Reverse<'a> {
    graph: &'a Graph,
    out: Graph,
    map: Vec<Val>,
    /// Whether each value depends on what the derivative is by.
    live: Vec<bool>,
    adjoints: Vec<Option<Val>>,
}

impl<'a> Reverse<'a> {
    fn of(graph: &'a Graph, wrt: &[Val]) -> Result<Reverse<'a>, PassError> {
        let live = moved(graph, wrt);
        let mut out = Graph::with_regions_of(graph, Phase::Pure);
        let mut map: Vec<Val> = Vec::with_capacity(graph.len());
        for v in graph.vals() {
            let operands: Operands = graph.operands(v).iter().map(|o| map[o.index()]).collect();
            let node = graph.node(v);
            let saving = graph.op(v).filter(|_| live[v.index()]).and_then(Op::saving);
            out.set_loc(node.loc.clone());
            let copied = match saving {
                Some(op) => out.push(op, &operands),
                None => out.copy_node(graph, v, &operands),
            };
            map.push(copied.map_err(at("vjp", node, None))?);
        }
        out.set_loc(None);
        Ok(Reverse { graph, out, map, live, adjoints: vec![None; graph.len()] })
    }

    /// Carries the seeds back; what arrives at each of `wrt`, zero where nothing does.
    fn gradients(&mut self, seeds: &[(Val, Val)], wrt: &[Val]) -> Result<Vec<Val>, PassError> {
        for (v, seed) in seeds {
            self.add(*v, *seed, self.graph.node(*v))?;
        }
        for v in self.graph.vals().rev() {
            if let (Kind::Pure(_), true) = (&self.graph.node(v).kind, self.live[v.index()]) {
                self.node(v)?;
            }
        }
        self.out.set_loc(None);
        let gradient = |v: &Val| match self.adjoints[v.index()] {
            Some(by) => Ok(by),
            None => {
                self.out.full_like(self.map[v.index()], 0.0).map_err(at("vjp", self.graph.node(*v), None))
            }
        };
        wrt.iter().map(gradient).collect()
    }

    /// Carries what has arrived at the results of a node on to its operands.
    fn node(&mut self, v: Val) -> Result<(), PassError> {
        let node = self.graph.node(v);
        let arrived = |i: usize| self.graph.part_of(v, i).and_then(|p| self.adjoints[p.index()]);
        let mut cts: Vec<Option<Val>> = (0..=node.rest.len()).map(arrived).collect();
        if cts.iter().all(Option::is_none) {
            return Ok(());
        }
        self.out.set_loc(node.loc.clone());
        let operands = self.graph.operands(v);
        let args: Operands = operands.iter().map(|o| self.map[o.index()]).collect();
        let new = self.map[v.index()];
        let outs = self.out.results(new).map_err(at("vjp", node, None))?;
        cts.resize(outs.len(), None);
        // Not the old node's op: one that saves what its rule needs may stand in its place.
        let Some(op) = self.out.op(new).cloned() else { return Ok(()) };
        let wanted: Vec<bool> = operands.iter().map(|o| self.live[o.index()]).collect();
        let cx = ops::MultiVjp { graph: &mut self.out, args: &args, wanted: &wanted, outs: &outs, cts: &cts };
        let cotangents = op.vjp(cx).map_err(at("vjp", node, None))?;
        for (operand, by) in operands.iter().zip(cotangents) {
            if let (Some(by), true) = (by, self.live[operand.index()]) {
                self.add(*operand, by, node)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, v: Val, by: Val, node: &Node) -> Result<(), PassError> {
        let sum = match self.adjoints[v.index()] {
            Some(before) => self.out.add(before, by).map_err(at("vjp", node, None))?,
            None => by,
        };
        self.adjoints[v.index()] = Some(sum);
        Ok(())
    }
}

/// Whether a derivative by one of `wrt` may reach each value: those that depend on one, but on the way through floats, and
/// not past a `stop_gradient`.
fn moved(graph: &Graph, wrt: &[Val]) -> Vec<bool> {
    let mut live = vec![false; graph.len()];
    for v in wrt {
        live[v.index()] = true;
    }
    for v in graph.vals() {
        let node = graph.node(v);
        let floats = match node.kind {
            Kind::Part(_) => node.ty.dtype.is_float(),
            _ => node.results().any(|ty| ty.dtype.is_float()),
        };
        let stops = matches!(node.kind, Kind::Pure(Op::StopGradient(_)));
        live[v.index()] |= floats && !stops && graph.operands(v).iter().any(|o| live[o.index()]);
    }
    live
}

/// Whether each value depends on one of `wrt`.
pub fn influences(graph: &Graph, wrt: &[Val]) -> Vec<bool> {
    let mut live = vec![false; graph.len()];
    for v in wrt {
        live[v.index()] = true;
    }
    for v in graph.vals() {
        live[v.index()] |= graph.operands(v).iter().any(|o| live[o.index()]);
    }
    live
}
