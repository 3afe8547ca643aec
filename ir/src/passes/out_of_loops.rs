//! Out of loops: what loops and branches compute from data alone moves in front of them, where `hoist_data` finds it.

use std::sync::Arc;

use super::{
    PassError, at, batch,
    hoist_data::{Facts, Known, Runs},
    rebuild,
};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Operands, Phase, Role, Val},
    ops::{Fence, Op, Scan, Switch, While},
    types::Ty,
};

/// A loop whose end is found while it runs is taken to run so often.
const IN_A_LOOP: Runs = Runs { times: 10, sure: false };

const IN_A_BRANCH: Runs = Runs { times: 1, sure: false };

/// The graph with values of data computed before the loops and branches that compute them, as far as they are worth a
/// cut: once for a loop where they are the same in each iteration, for all iterations at once where slices of data decide
/// them. `inputs` says what is known of the graph's inputs, `runs` how often the graph itself runs.
pub(super) fn out_of_loops(graph: &Graph, inputs: &[Known], runs: Runs) -> Result<Graph, TypeError> {
    let facts = Facts::of(graph, inputs, runs);
    let mut out = Graph::with_regions_of(graph, graph.phase());
    rebuild(graph, &mut out, |out, v, node, operands| {
        let known: Vec<Known> = graph.operands(v).iter().map(|o| facts.known(graph, *o)).collect();
        let new = match &node.kind {
            Kind::Pure(Op::Scan(op)) => scan(out, op, operands, known, runs),
            Kind::Pure(Op::While(op)) => while_loop(out, op, operands, known),
            Kind::Pure(Op::Switch(op)) => switch(out, op, operands, &known[1..]),
            Kind::Pure(Op::Fence(op)) => fence(out, op, operands, &known, runs),
            _ => out.copy_node(graph, v, operands),
        };
        new.map_err(at("hoist_data", node, None))
    })
    .map_err(TypeError::from)?;
    Ok(out)
}

/// Whether something in an op may have no end.
pub(super) fn may_not_end(op: &Op) -> bool {
    let inside = |region: &Graph| region.vals().any(|v| region.op(v).is_some_and(may_not_end));
    matches!(op, Op::While(_)) || op.regions().iter().any(|region| inside(region))
}

/// A closed graph, and which of its values are computed in front of it.
struct Body {
    graph: Graph,
    cuts: Vec<Val>,
    /// Those of them that slices decide.
    stacked: Vec<Val>,
}

impl Body {
    /// Of a graph over inputs of which this is known, after what its own loops compute is in front of them.
    fn of(graph: &Graph, known: &[Known], runs: Runs) -> Result<Body, TypeError> {
        let graph = out_of_loops(graph, known, runs)?;
        let facts = Facts::of(&graph, known, runs);
        let (stacked, cuts) = facts.cuts(&graph).into_iter().partition(|v| facts.is_stacked(*v));
        Ok(Body { graph, cuts, stacked })
    }

    /// The part that computes these values. It takes every input.
    fn part(&self, values: &[Val]) -> Result<Graph, TypeError> {
        let mut live = self.graph.reachable(values);
        self.graph.inputs().iter().for_each(|v| live[v.index()] = true);
        let mut out = Graph::new(Phase::Pure);
        let mut map: Vec<Val> = vec![Val::from_index(0); self.graph.len()];
        for v in self.graph.vals().filter(|v| live[v.index()]) {
            let operands: Operands = self.graph.operands(v).iter().map(|o| map[o.index()]).collect();
            map[v.index()] = out.copy_node(&self.graph, v, &operands)?;
        }
        out.set_outputs(values.iter().map(|v| map[v.index()]));
        Ok(out)
    }

    /// Computes in `out` what is the same whenever the body runs, from the operands for its inputs; `None` is unknown.
    fn before(&self, out: &mut Graph, args: &[Option<Val>]) -> Result<Vec<Val>, TypeError> {
        let args = self.filled(out, args)?;
        out.inline(&self.part(&self.cuts)?, &args)
    }

    /// Computes in `out` what slices along the first dimension of the operands from `first` on decide, for all of them.
    fn along(
        &self,
        out: &mut Graph,
        args: &[Option<Val>],
        first: usize,
        length: usize,
    ) -> Result<Vec<Val>, TypeError> {
        if self.stacked.is_empty() {
            return Ok(Vec::new());
        }
        let axes: Vec<Option<usize>> = (0..args.len()).map(|i| (i >= first).then_some(0)).collect();
        let (all, held) = batch(&self.part(&self.stacked)?, &axes, length)?;
        let args = self.filled(out, args)?;
        let found = out.inline(&all, &args)?;
        let in_front = |(v, axis): (Val, Option<usize>)| match axis {
            Some(axis) => out.move_axis(v, axis, 0),
            None => out.repeat_along(v, 0, length),
        };
        found.into_iter().zip(held).map(in_front).collect()
    }

    /// Operands, with something in place of those that nothing reads.
    fn filled(&self, out: &mut Graph, args: &[Option<Val>]) -> Result<Vec<Val>, TypeError> {
        let pairs = args.iter().zip(self.graph.inputs());
        pairs.map(|(arg, input)| arg.map_or_else(|| out.full(self.graph.ty(*input), 0.0), Ok)).collect()
    }

    fn ty(&self, v: &Val) -> Ty {
        self.graph.ty(*v).clone()
    }
}

/// The graph with further inputs in front of others: at a position, of a type, and in place of a value where one is given.
fn opened(graph: &Graph, further: &[(usize, Ty, Option<Val>)]) -> Result<Arc<Graph>, TypeError> {
    let mut out = Graph::new(Phase::Pure);
    let mut map: Vec<Option<Val>> = vec![None; graph.len()];
    for i in 0..=graph.inputs().len() {
        for (_, ty, taken) in further.iter().filter(|(at, ..)| *at == i) {
            let input = out.input("prepared", Role::Argument, ty.clone());
            if let Some(v) = taken {
                map[v.index()] = Some(input);
            }
        }
        if let Some(v) = graph.inputs().get(i) {
            map[v.index()] = Some(out.copy_node(graph, *v, &[])?);
        }
    }
    // What the outputs still need.
    let mut live = vec![false; graph.len()];
    graph.outputs().iter().for_each(|v| live[v.index()] = true);
    for v in graph.vals().rev().filter(|v| map[v.index()].is_none()) {
        if live[v.index()] {
            graph.operands(v).iter().for_each(|o| live[o.index()] = true);
        }
    }
    for v in graph.vals() {
        if live[v.index()] && map[v.index()].is_none() {
            let operands: Operands = graph.operands(v).iter().filter_map(|o| map[o.index()]).collect();
            map[v.index()] = Some(out.copy_node(graph, v, &operands)?);
        }
    }
    out.set_outputs(graph.outputs().iter().filter_map(|v| map[v.index()]));
    Ok(Arc::new(out))
}

/// What is known inside of a loop, whose carries are those of `carries`.
fn inside(known: Vec<Known>, carries: std::ops::Range<usize>) -> Vec<Known> {
    let inside = |(i, known)| match known {
        _ if carries.contains(&i) => Known::No,
        Known::Data { bytes, .. } if i >= carries.end => Known::Data { bytes, stacked: true },
        // Slices of a constant differ from each other.
        Known::Constant if i >= carries.end => Known::No,
        known => known,
    };
    known.into_iter().enumerate().map(inside).collect()
}

/// What is known of the inputs of each closed graph inside an op, and how often it runs, from what is known of the operands;
/// nothing for a condition.
fn inside_of(op: &Op, known: &[Known], runs: Runs) -> Vec<Option<(Vec<Known>, Runs)>> {
    match op {
        Op::Scan(op) => {
            let known = inside(known.to_vec(), op.consts..op.consts + op.carries);
            vec![Some((known, Runs { times: op.length, ..runs }))]
        }
        Op::While(op) => {
            let first = known.len() - op.body.outputs().len();
            vec![None, Some((inside(known.to_vec(), first..known.len()), IN_A_LOOP))]
        }
        Op::Switch(op) => vec![Some((known[1..].to_vec(), IN_A_BRANCH)); op.branches.len()],
        Op::Fence(_) => vec![Some((known.to_vec(), runs))],
        op => vec![None; op.regions().len()],
    }
}

/// The op of `v` with each closed graph inside it run through `f`, conditions aside, which is told what is known there.
pub(super) fn with_known_regions(
    graph: &Graph,
    v: Val,
    op: &Op,
    (facts, runs): (&Facts, Runs),
    f: impl Fn(&Graph, &[Known], Runs) -> Result<Graph, PassError>,
) -> Result<Op, PassError> {
    let regions = op.regions();
    if regions.is_empty() {
        return Ok(op.clone());
    }
    let known: Vec<Known> = graph.operands(v).iter().map(|o| facts.known(graph, *o)).collect();
    let inside = regions.into_iter().zip(inside_of(op, &known, runs));
    let inside = inside.map(|(region, inside)| match inside {
        Some((known, runs)) => f(&region, &known, runs).map(Arc::new),
        None => Ok(region),
    });
    Ok(op.with_regions(inside.collect::<Result<_, _>>()?))
}

/// The operands of a body that are there before it runs.
fn given(args: &[Val], carries: std::ops::Range<usize>) -> Vec<Option<Val>> {
    args.iter().enumerate().map(|(i, v)| (!carries.contains(&i)).then_some(*v)).collect()
}

fn scan(out: &mut Graph, op: &Scan, args: &[Val], known: Vec<Known>, runs: Runs) -> Result<Val, TypeError> {
    let carries = op.consts..op.consts + op.carries;
    let body = Body::of(&op.body, &inside(known, carries.clone()), Runs { times: op.length, ..runs })?;
    // What is not stacked reads no slices.
    let (consts, rest) = args.split_at(op.consts);
    let before = body.before(out, &given(args, op.consts..args.len()))?;
    let along = body.along(out, &given(args, carries.clone()), carries.end, op.length)?;
    let taken = body.cuts.iter().map(|v| (op.consts, body.ty(v), Some(*v)));
    let slices = body.stacked.iter().map(|v| (args.len(), body.ty(v), Some(*v)));
    let opened = opened(&body.graph, &taken.chain(slices).collect::<Vec<_>>())?;
    let op = Scan { consts: op.consts + before.len(), body: opened, ..op.clone() };
    out.push(op, &[consts, &before, rest, &along].concat())
}

fn while_loop(out: &mut Graph, op: &While, args: &[Val], known: Vec<Known>) -> Result<Val, TypeError> {
    let first = args.len() - op.body.outputs().len();
    let body = Body::of(&op.body, &inside(known, first..args.len()), IN_A_LOOP)?;
    let before = body.before(out, &given(args, first..args.len()))?;
    let taken: Vec<_> = body.cuts.iter().map(|v| (first, body.ty(v), Some(*v))).collect();
    let unread: Vec<_> = body.cuts.iter().map(|v| (first, body.ty(v), None)).collect();
    let op = While { cond: opened(&op.cond, &unread)?, body: opened(&body.graph, &taken)? };
    out.push(op, &[&args[..first], &before, &args[first..]].concat())
}

fn switch(out: &mut Graph, op: &Switch, args: &[Val], known: &[Known]) -> Result<Val, TypeError> {
    let operands = given(&args[1..], 0..0);
    let bodies = op.branches.iter().map(|branch| Body::of(branch, known, IN_A_BRANCH));
    let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
    let mut args = args.to_vec();
    for body in &bodies {
        args.extend(body.before(out, &operands)?);
    }
    // Each branch takes what is computed for any of them.
    let branch = |own: usize| {
        let of = |i: usize| bodies[i].cuts.iter().map(move |v| (i, v));
        let further = (0..bodies.len()).flat_map(of);
        let further = further.map(|(i, v)| (operands.len(), bodies[i].ty(v), (i == own).then_some(*v)));
        opened(&bodies[own].graph, &further.collect::<Vec<_>>())
    };
    let branches = (0..bodies.len()).map(branch).collect::<Result<_, _>>()?;
    out.push(Switch { branches }, &args)
}

fn fence(out: &mut Graph, op: &Fence, args: &[Val], known: &[Known], runs: Runs) -> Result<Val, TypeError> {
    let body = Body::of(&op.body, known, runs)?;
    let before = body.before(out, &given(args, 0..0))?;
    let taken: Vec<_> = body.cuts.iter().map(|v| (args.len(), body.ty(v), Some(*v))).collect();
    let op = Fence { body: opened(&body.graph, &taken)?, ..op.clone() };
    out.push(op, &[args, &before].concat())
}
