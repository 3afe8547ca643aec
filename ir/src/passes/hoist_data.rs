//! Hoisting: what depends on data alone is computed once where data are bound, and not at every call.

use std::borrow::Cow;

use super::{
    Need, Pass, PassError, Query, at,
    out_of_loops::{may_not_end, out_of_loops},
};
use crate::{
    graph::{Graph, Kind, Operands, Phase, Role, Val},
    ops::{Cost, Op, Prepare},
};

/// Marks with [`Prepare`] what is worth computing once; [`split`] makes two programs of it.
///
/// A value is cut off where it depends on data alone, something dear is behind it (a special or transcendental function,
/// a reduction, product of matrices, sort or gather), it is no larger than the data it comes from, and a function of the
/// position or of random numbers wants it. So are values inside of loops and branches, which `out_of_loops` moves in front of these
/// first; and so is what a pass before asks for by the mark. Changes of shape and type are made at every call instead: they cost nothing
/// there, and a broadcast would take memory.
pub struct HoistData;

impl Pass for HoistData {
    fn name(&self) -> &'static str {
        "hoist_data"
    }

    fn applies(&self, query: Query) -> bool {
        query.runs_often()
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        // What is worth moving out of a loop may be worth no cut of its own.
        moved_out(graph)
            .map_or(true, |moved| *moved != *graph || !Facts::of_whole(&moved).cuts(&moved).is_empty())
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        let whole = moved_out(graph)?;
        let graph = &*whole;
        let plan = Facts::of_whole(graph).plan(graph);
        let mut out = Graph::with_regions_of(graph, graph.phase());
        // Each value as what is computed once sees it, and as what is computed at every call does.
        let mut once: Vec<Option<Val>> = vec![None; graph.len()];
        let mut each: Vec<Option<Val>> = vec![None; graph.len()];
        for v in graph.vals() {
            let (node, i) = (graph.node(v), v.index());
            let err = at(self.name(), node, None);
            let over = |map: &[Option<Val>]| {
                graph.operands(v).iter().filter_map(|o| map[o.index()]).collect::<Operands>()
            };
            if plan.once[i] {
                once[i] = Some(match (graph.op(v), over(&once).as_slice()) {
                    // What asked to be computed once is.
                    (Some(Op::Prepare(_)), [of]) => *of,
                    (_, operands) => out.copy_node(graph, v, operands).map_err(&err)?,
                });
            }
            out.set_loc(node.loc.clone());
            each[i] = match once[i] {
                Some(v) if plan.cuts[i] => Some(out.push(Prepare, &[v]).map_err(err)?),
                // Inputs are never pushed twice, and nothing else needs to be.
                Some(v) if over(&each) == over(&once) => Some(v),
                _ if plan.each[i] => Some(out.copy_node(graph, v, &over(&each)).map_err(err)?),
                _ => None,
            };
        }
        out.set_loc(None);
        out.set_outputs(graph.outputs().iter().filter_map(|v| each[v.index()]));
        Ok(out)
    }
}

/// Where each value of a graph is computed.
struct Plan {
    /// It is computed once and read at every call.
    cuts: Vec<bool>,
    /// It is computed once.
    once: Vec<bool>,
    /// It is wanted at every call, cut off or computed there. Inputs and sites are.
    each: Vec<bool>,
}

/// What a parameter costs at every call is worth this much of the work that it saves, in [`work`]'s units.
const WORTH: usize = 64;

/// The graph with what loops and branches compute from data alone in front of them.
fn moved_out(graph: &Graph) -> Result<Cow<'_, Graph>, PassError> {
    let is_loop = |v: Val| graph.op(v).is_some_and(|op| !op.regions().is_empty());
    if !graph.vals().any(is_loop) {
        return Ok(Cow::Borrowed(graph));
    }
    let moved = out_of_loops(graph, &roles(graph), Runs::ONCE);
    moved.map(Cow::Owned).map_err(|e| PassError::Type {
        pass: "hoist_data",
        site: None,
        loc: None,
        source: Box::new(e),
    })
}

/// What is known of a value before a graph runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// Nothing.
    No,
    /// It is made of constants alone.
    Constant,
    /// It comes from data of so many bytes and from nothing else.
    Data {
        /// The bytes.
        bytes: usize,
        /// Whether the graph runs for one slice of it after the other.
        stacked: bool,
    },
}

/// What is known of a whole program's inputs.
pub(super) fn roles(graph: &Graph) -> Vec<Known> {
    let known = |v: &Val| match graph.input_of(*v) {
        Some(input) if input.role == Role::Data => {
            Known::Data { bytes: graph.ty(*v).bytes(), stacked: false }
        }
        _ => Known::No,
    };
    graph.inputs().iter().map(known).collect()
}

/// What decides where to cut.
pub(super) struct Facts {
    /// The data leaves that each value comes from, a bit each (those after the 128th share one), if it comes from
    /// nothing else.
    from: Vec<Option<u128>>,
    /// The work behind each value in all runs, that of shared values counted again.
    work: Vec<usize>,
    /// The size of each leaf in bytes.
    leaves: Vec<usize>,
    /// The leaves of which the graph sees a slice.
    stacked: u128,
    /// How often the graph runs, and so how many slices there are.
    runs: usize,
}

/// How often a graph inside of a loop, branch or fence runs.
#[derive(Clone, Copy)]
pub(super) struct Runs {
    /// The number of times.
    pub(super) times: usize,
    /// Whether it runs at all, whatever the data: else nothing that may have no end moves in front.
    pub(super) sure: bool,
}

impl Runs {
    /// Of a whole program.
    pub(super) const ONCE: Runs = Runs { times: 1, sure: true };
}

impl Facts {
    fn of_whole(graph: &Graph) -> Facts {
        Facts::of(graph, &roles(graph), Runs::ONCE)
    }

    /// Of a graph of whose inputs this is known, and which runs so often, each time with a slice of those that are stacked.
    pub(super) fn of(graph: &Graph, inputs: &[Known], runs: Runs) -> Facts {
        let Runs { times: runs, sure } = runs;
        let mut facts = Facts { from: Vec::new(), work: Vec::new(), leaves: Vec::new(), stacked: 0, runs };
        let mut inputs = inputs.iter();
        for v in graph.vals() {
            let operands = graph.operands(v);
            let from = match &graph.node(v).kind {
                Kind::Input(_) => facts.leaf(inputs.next().copied().unwrap_or(Known::No)),
                Kind::Site(_) => None,
                Kind::Pure(op) if !sure && may_not_end(op) => None,
                Kind::Pure(_) | Kind::Part(_) => {
                    operands.iter().try_fold(0, |all, o| facts.from[o.index()].map(|from| all | from))
                }
            };
            facts.from.push(from);
            let behind = operands.iter().fold(0, |sum: usize, o| sum.saturating_add(facts.work[o.index()]));
            let own = graph.op(v).map_or(0, |op| work(graph, op, v, &operands)).saturating_mul(runs);
            facts.work.push(behind.saturating_add(own));
        }
        facts
    }

    fn leaf(&mut self, known: Known) -> Option<u128> {
        match known {
            Known::No => None,
            Known::Constant => Some(0),
            Known::Data { bytes, stacked } => {
                let bit = 1 << self.leaves.len().min(127);
                self.leaves.push(bytes);
                self.stacked |= if stacked { bit } else { 0 };
                Some(bit)
            }
        }
    }

    /// What this says of a value.
    pub(super) fn known(&self, graph: &Graph, v: Val) -> Known {
        match self.from[v.index()] {
            None => Known::No,
            Some(0) => Known::Constant,
            Some(_) => Known::Data { bytes: self.whole_bytes(graph, v), stacked: false },
        }
    }

    /// Whether slices of data decide `v`.
    pub(super) fn is_stacked(&self, v: Val) -> bool {
        self.from[v.index()].is_some_and(|from| from & self.stacked != 0)
    }

    /// The values that are worth a cut.
    pub(super) fn cuts(&self, graph: &Graph) -> Vec<Val> {
        let cuts = self.plan(graph).cuts;
        graph.vals().filter(|v| cuts[v.index()]).collect()
    }

    /// Whether one of these values is computed at every call.
    pub(super) fn at_every_call(&self, graph: &Graph, values: &[Val]) -> bool {
        let plan = self.plan(graph);
        values.iter().any(|v| plan.each[v.index()])
    }

    /// How many of the value there are.
    fn times(&self, v: Val) -> usize {
        if self.is_stacked(v) { self.runs } else { 1 }
    }

    /// The size of all of them.
    fn whole_bytes(&self, graph: &Graph, v: Val) -> usize {
        graph.ty(v).bytes().saturating_mul(self.times(v))
    }

    /// Whether `v` depends on data, and on nothing else but constants.
    pub(super) fn is_data(&self, v: Val) -> bool {
        self.from[v.index()].is_some_and(|from| from != 0)
    }

    /// The size of the data that `v` comes from.
    fn bytes(&self, v: Val) -> usize {
        let from = self.from[v.index()].unwrap_or(0);
        let leaves = self.leaves.iter().enumerate().filter(|(i, _)| from >> (*i).min(127) & 1 == 1);
        leaves.fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    fn plan(&self, graph: &Graph) -> Plan {
        let (mut cuts, mut each) = (vec![false; graph.len()], vec![false; graph.len()]);
        let ends = graph.outputs().iter().chain(graph.inputs()).copied();
        ends.chain(graph.sites().map(|(v, _)| v)).for_each(|v| each[v.index()] = true);
        // A node of several results of which one is computed at every call is computed there as a whole.
        let mut whole = vec![false; graph.len()];
        for v in graph.vals().rev().filter(|v| graph.input_of(*v).is_none()) {
            if each[v.index()] {
                cuts[v.index()] = self.is_data(v) && !whole[v.index()] && self.is_cut(graph, v);
            }
            if each[v.index()] && !cuts[v.index()] {
                let is_part = matches!(graph.node(v).kind, Kind::Part(_));
                for o in graph.operands(v) {
                    each[o.index()] = true;
                    whole[o.index()] |= is_part;
                }
            }
        }
        let roots: Vec<Val> = graph.vals().filter(|v| cuts[v.index()]).collect();
        Plan { once: graph.reachable(&roots), cuts, each }
    }

    /// Whether `v` is worth a parameter. A slice is none where what it is of is one: there may be more slices of that.
    fn is_cut(&self, graph: &Graph, v: Val) -> bool {
        let of_cut = matches!(graph.op(v), Some(Op::Slice(_)))
            && graph.operands(v).iter().all(|o| self.is_worth_a_cut(graph, *o));
        !of_cut && self.is_worth_a_cut(graph, v)
    }

    fn is_worth_a_cut(&self, graph: &Graph, v: Val) -> bool {
        let shape = graph.op(v).is_some_and(|op| op.cost() == Cost::Shape);
        let is_asked_for = matches!(graph.op(v), Some(Op::Prepare(_)));
        let is_worth = is_asked_for || !shape && self.work[v.index()] >= WORTH;
        is_worth && self.whole_bytes(graph, v) <= self.bytes(v)
    }
}

/// What a node costs, about a nanosecond each; nothing for arithmetic, which is as fast as memory.
fn work(graph: &Graph, op: &Op, v: Val, operands: &[Val]) -> usize {
    let len = graph.ty(v).len();
    let read = operands.iter().fold(0, |sum: usize, o| sum.saturating_add(graph.ty(*o).len()));
    match op.cost() {
        Cost::Shape | Cost::Arithmetic => 0,
        Cost::Light => len.saturating_mul(2),
        Cost::Reads => read,
        Cost::Dear => read.max(len).saturating_mul(16),
    }
}

/// A program in two.
#[derive(Clone, Debug)]
pub struct Split {
    /// Takes the data; returns what is prepared from them.
    pub prepare: Graph,
    /// Takes the data, what is prepared, and then the other inputs.
    pub main: Graph,
}

/// Cuts a graph where its values are marked with [`Prepare`]; none if nothing is.
///
/// # Errors
/// Never in practice: both parts hold nodes that the graph held.
pub fn split(graph: &Graph) -> Result<Option<Split>, PassError> {
    let live = graph.reachable(graph.outputs());
    let marks: Vec<Val> =
        graph.vals().filter(|v| live[v.index()] && matches!(graph.op(*v), Some(Op::Prepare(_)))).collect();
    if marks.is_empty() {
        return Ok(None);
    }
    let prepared: Vec<Val> = marks.iter().map(|v| graph.operands(*v)[0]).collect();
    let prepare = Copy { graph, out: Graph::new(Phase::Pure), map: vec![None; graph.len()] };
    let prepare = prepare.inputs(true)?.nodes(&prepared)?;
    let mut main = Copy { graph, out: Graph::new(Phase::Pure), map: vec![None; graph.len()] }.inputs(true)?;
    for (i, v) in marks.iter().enumerate() {
        let ty = graph.ty(*v).clone();
        main.map[v.index()] = Some(main.out.input(format!("prepared.{i}"), Role::Prepared, ty));
    }
    let main = main.inputs(false)?.nodes(graph.outputs())?;
    Ok(Some(Split { prepare, main }))
}

/// A part of a graph under construction.
struct Copy<'a> {
    graph: &'a Graph,
    out: Graph,
    map: Vec<Option<Val>>,
}

impl Copy<'_> {
    /// Adds the inputs that are data, or those that are not.
    fn inputs(mut self, data: bool) -> Result<Self, PassError> {
        let graph = self.graph;
        let is_data = |v: &Val| graph.input_of(*v).is_some_and(|i| i.role == Role::Data);
        for v in graph.inputs().iter().filter(|v| is_data(v) == data) {
            let copied = self.out.copy_node(graph, *v, &[]);
            self.map[v.index()] = Some(copied.map_err(at("split", graph.node(*v), None))?);
        }
        Ok(self)
    }

    /// Adds what the outputs need and is not there yet.
    fn nodes(mut self, outputs: &[Val]) -> Result<Graph, PassError> {
        let graph = self.graph;
        let mut live = vec![false; graph.len()];
        outputs.iter().for_each(|v| live[v.index()] = true);
        for v in graph.vals().rev().filter(|v| self.map[v.index()].is_none()) {
            if live[v.index()] {
                graph.operands(v).iter().for_each(|o| live[o.index()] = true);
            }
        }
        for v in graph.vals() {
            if live[v.index()] && self.map[v.index()].is_none() {
                let operands: Operands =
                    graph.operands(v).iter().filter_map(|o| self.map[o.index()]).collect();
                let copied = self.out.copy_node(graph, v, &operands);
                self.map[v.index()] = Some(copied.map_err(at("split", graph.node(v), None))?);
            }
        }
        self.out.set_outputs(outputs.iter().filter_map(|v| self.map[v.index()]));
        Ok(self.out)
    }
}
