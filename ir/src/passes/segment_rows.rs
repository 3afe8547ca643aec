//! Segment rows: sums by group over a plate's elements, brought in order by group once for each set of data.

use super::{
    Need, Pass, PassError, Query, any_node, at,
    hoist_data::{Facts, Known, Runs, roles},
    out_of_loops::with_known_regions,
    rebuild,
    segment_layout::Layout,
    segment_terms::{Step, Terms},
};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Node, Operands, Val},
    ops::{Broadcast, Cost, Op, ReduceSum, ScatterAdd, Slice, Take, clamped, unclamped},
    types::Dims,
};

/// Computes what the gradient of `theta[group]` adds up by group, and the sums over the same elements, in rows of elements
/// of one group.
///
/// A scatter adds one number after the other, and a gather reads one after the other; in rows both happen once for a row,
/// and all else is arithmetic on several rows at once. The order of the elements and what data are in that order are
/// computed from data alone, and so once where data are bound (`hoist_data`): where that cannot be, the graph stays.
pub struct SegmentRows;

impl Pass for SegmentRows {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, query: Query) -> bool {
        query.runs_often()
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_node(graph, &|g, v| segments_of(g, v).is_some())
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        in_rows(graph, &roles(graph), Runs::ONCE)
    }
}

const NAME: &str = "segment_rows";

/// Fewer elements are not worth the rows.
const ELEMENTS: usize = 256;

/// What is tried for a row's width.
const WIDTHS: [usize; 2] = [8, 4];

/// How many places may be empty, beside the elements, where what is computed at each is arithmetic; and where it is more.
const EMPTY: f64 = 0.75;
const EMPTY_IF_DEAR: f64 = 0.35;

/// The graph in rows where that pays; `inputs` says what is known of its inputs.
fn in_rows(graph: &Graph, inputs: &[Known], runs: Runs) -> Result<Graph, PassError> {
    let facts = Facts::of(graph, inputs, runs);
    let plates = plates(graph, &facts);
    let (out, once) = built(graph, &facts, plates, runs)?;
    let facts_after = Facts::of(&out, inputs, runs);
    if facts_after.at_every_call(&out, &once) {
        return Ok(built(graph, &facts, Vec::new(), runs)?.0);
    }
    Ok(out)
}

/// The graph with the sums of these plates in rows, and the values that must be computed once.
fn built(
    graph: &Graph,
    facts: &Facts,
    plates: Vec<Plate>,
    runs: Runs,
) -> Result<(Graph, Vec<Val>), PassError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    let mut rows: Vec<Rows> = plates.into_iter().map(|plate| Rows::new(graph, plate)).collect();
    rebuild(graph, &mut out, |out, v, node, operands| {
        let new = match rows.iter_mut().find(|rows| rows.plate.sums.contains(&v)) {
            Some(rows) => rows.sum(graph, out, v, &map).map_err(at(NAME, node, None))?,
            None => copied(graph, out, v, node, operands, facts, runs)?,
        };
        map.push(new);
        Ok(new)
    })?;
    let once = rows.iter().filter_map(|rows| rows.layout.as_ref()).flat_map(|layout| layout.once);
    Ok((out, once.collect()))
}

/// A node as it is, what is inside of its op in rows.
fn copied(
    graph: &Graph,
    out: &mut Graph,
    v: Val,
    node: &Node,
    operands: &[Val],
    facts: &Facts,
    runs: Runs,
) -> Result<Val, PassError> {
    let Kind::Pure(op) = &node.kind else {
        return out.copy_node(graph, v, operands).map_err(at(NAME, node, None));
    };
    let op = with_known_regions(graph, v, op, (facts, runs), in_rows)?;
    out.push(op, operands).map_err(at(NAME, node, None))
}

/// How a value along a plate is computed at each place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    /// Data, and what comes of data alone, taken to its place.
    Data,
    /// One number everywhere.
    Uniform,
    /// What a gather reads for the segment of the row.
    Gather,
    /// The op, of operands that are along the plate too.
    Map,
}

/// A plate whose sums are computed in rows.
pub(super) struct Plate {
    /// The index before it is clamped.
    index: Val,
    segments: usize,
    width: usize,
    pub(super) along: Vec<Option<Along>>,
    /// What is the same number for every element.
    pub(super) uniform: Vec<bool>,
    /// The sums over all elements and over those of each segment.
    sums: Vec<Val>,
}

/// The index, the number of segments, and the values that are added up, if `v` adds up numbers by segment.
fn segments_of(graph: &Graph, v: Val) -> Option<(Val, usize, Val)> {
    let Some(Op::ScatterAdd(ScatterAdd { axis: 0 })) = graph.op(v) else { return None };
    let operands = graph.operands(v);
    let (table, index) = (graph.ty(operands[0]), graph.ty(operands[1]));
    let fits = table.rank() == 1
        && index.rank() == 1
        && table.dtype.is_float()
        && index.len() >= ELEMENTS
        && unclamped(graph, operands[1], table.len()).is_some();
    fits.then(|| (operands[1], table.len(), operands[2]))
}

fn plates(graph: &Graph, facts: &Facts) -> Vec<Plate> {
    let live = graph.reachable(graph.outputs());
    let mut found: Vec<(Val, usize)> = Vec::new();
    for v in graph.vals().filter(|v| live[v.index()]) {
        let new = segments_of(graph, v).map(|(index, segments, _)| (index, segments));
        found.extend(new.filter(|new| facts.is_data(new.0) && !found.contains(new)));
    }
    let mut plates: Vec<Plate> = Vec::new();
    for (index, segments) in found {
        let plate = Plate::of(graph, facts, &live, index, segments);
        // What two indices go over is in the order of neither.
        plates.extend(
            plate.filter(|new| plates.iter().all(|old| old.sums.iter().all(|v| !new.sums.contains(v)))),
        );
    }
    plates
}

impl Plate {
    fn of(graph: &Graph, facts: &Facts, live: &[bool], index: Val, segments: usize) -> Option<Plate> {
        let elements = graph.ty(index).len();
        let raw = unclamped(graph, index, segments)?;
        let along = along(graph, facts, [index, raw], segments);
        let uniform = everywhere(graph, &along, |along| along == Along::Uniform, true);
        // What differs from segment to segment, and with it all that comes of it.
        let moves = everywhere(graph, &along, |along| along == Along::Gather, false);
        let is_sum = |v: Val| match graph.op(v) {
            Some(Op::ReduceSum(ReduceSum { axes })) => {
                axes.as_slice() == [0] && moves[graph.operands(v)[0].index()]
            }
            _ => segments_of(graph, v)
                .is_some_and(|(by, n, of)| by == index && n == segments && moves[of.index()]),
        };
        let mut sums = Vec::new();
        let mut dear = false;
        for v in graph.vals().filter(|v| live[v.index()]) {
            if is_sum(v) {
                sums.push(v);
            } else if !moves[v.index()] && graph.operands(v).iter().any(|o| moves[o.index()]) {
                // Something reads the elements in their own order.
                return None;
            }
            dear |= moves[v.index()]
                && graph.op(v).is_some_and(|op| matches!(op.cost(), Cost::Light | Cost::Dear));
        }
        let own_order = graph.outputs().iter().any(|v| moves[v.index()]);
        let by_segment = sums.iter().any(|v| segments_of(graph, *v).is_some());
        let empty = if dear { EMPTY_IF_DEAR } else { EMPTY };
        let fits = |width: &usize| (segments * (width - 1)) as f64 <= elements as f64 * empty;
        let width = WIDTHS.into_iter().find(fits)?;
        (!own_order && by_segment).then_some(Plate { index: raw, segments, width, along, uniform, sums })
    }
}

/// The values that lie along the plate in a way that `holds`, and those made of such alone or, unless `all`, among others.
fn everywhere(graph: &Graph, along: &[Option<Along>], holds: impl Fn(Along) -> bool, all: bool) -> Vec<bool> {
    let mut found = vec![false; graph.len()];
    for v in graph.vals() {
        found[v.index()] = match along[v.index()] {
            Some(Along::Map) if all => graph.operands(v).iter().all(|o| found[o.index()]),
            Some(Along::Map) => graph.operands(v).iter().any(|o| found[o.index()]),
            Some(along) => holds(along),
            None => false,
        };
    }
    found
}

/// How each value of the graph lies along the plate, if it does.
fn along(graph: &Graph, facts: &Facts, indices: [Val; 2], segments: usize) -> Vec<Option<Along>> {
    let dims = graph.ty(indices[0]).dims.clone();
    let mut along: Vec<Option<Along>> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands = graph.operands(v);
        let found = match graph.op(v) {
            _ if graph.ty(v).dims != dims => None,
            _ if facts.is_data(v) && !widens(graph, v) => Some(Along::Data),
            Some(Op::Broadcast(Broadcast { map, .. })) if map.is_empty() => Some(Along::Uniform),
            Some(Op::Take(Take { axis: 0 })) => {
                let (x, by) = (graph.ty(operands[0]), operands[1]);
                (x.dims.as_slice() == [segments] && indices.contains(&by)).then_some(Along::Gather)
            }
            Some(op) if op.is_elementwise() => {
                operands.iter().all(|o| along[o.index()].is_some()).then_some(Along::Map)
            }
            _ => None,
        };
        along.push(found);
    }
    along
}

/// Whether `v` says the same as its operand in more bytes, which there may be no room for among what is computed once.
fn widens(graph: &Graph, v: Val) -> bool {
    matches!(graph.op(v), Some(Op::Convert(_)))
        && graph.ty(v).bytes() > graph.ty(graph.operands(v)[0]).bytes()
}

/// A value at all places of a line.
#[derive(Clone)]
enum Line {
    /// The same in each line.
    Same(Val),
    /// One for each line.
    Each(Vec<Val>),
}

impl Line {
    fn at(&self, i: usize) -> Val {
        match self {
            Line::Same(v) => *v,
            Line::Each(lines) => lines[i],
        }
    }
}

/// A plate in rows, under construction.
struct Rows {
    plate: Plate,
    layout: Option<Layout>,
    own: Vec<Val>,
    lines: Vec<Option<Line>>,
}

impl Rows {
    fn new(graph: &Graph, plate: Plate) -> Rows {
        Rows { plate, layout: None, own: Vec::new(), lines: vec![None; graph.len()] }
    }

    /// The sum `v`, in rows. `map` has what all before it has become.
    fn sum(&mut self, graph: &Graph, out: &mut Graph, v: Val, map: &[Val]) -> Result<Val, TypeError> {
        let layout = match self.layout.take() {
            Some(layout) => layout,
            None => {
                let index = clamped(out, map[self.plate.index.index()], self.plate.segments)?;
                let layout = Layout::new(out, index, self.plate.segments, self.plate.width)?;
                self.own = layout.lines(out, layout.own)?;
                layout
            }
        };
        let operands = graph.operands(v);
        let of = *operands.last().unwrap_or(&v);
        let terms = Terms::of(graph, &self.plate, of);
        let roots: Vec<Val> = terms.roots().collect();
        self.compute(graph, out, &layout, &roots, map)?;
        let total = self.total(out, &layout, &terms)?;
        let sum = match graph.op(v) {
            Some(Op::ScatterAdd(_)) => by_segment(out, &layout, map[operands[0].index()], total),
            _ => out.push(ReduceSum { axes: Dims::from_slice(&[0]) }, &[total]),
        };
        self.layout = Some(layout);
        sum
    }

    /// Computes the lines of these values and of all that they come from.
    fn compute(
        &mut self,
        graph: &Graph,
        out: &mut Graph,
        layout: &Layout,
        roots: &[Val],
        map: &[Val],
    ) -> Result<(), TypeError> {
        let mut wanted = vec![false; graph.len()];
        roots.iter().for_each(|v| wanted[v.index()] = true);
        for v in graph.vals().rev() {
            if wanted[v.index()] && self.plate.along[v.index()] == Some(Along::Map) {
                graph.operands(v).iter().for_each(|o| wanted[o.index()] = true);
            }
        }
        for v in graph.vals() {
            if wanted[v.index()] && self.lines[v.index()].is_none() {
                let line = self.line(graph, out, layout, v, map)?;
                self.lines[v.index()] = Some(line);
            }
        }
        Ok(())
    }

    fn line(
        &self,
        graph: &Graph,
        out: &mut Graph,
        layout: &Layout,
        v: Val,
        map: &[Val],
    ) -> Result<Line, TypeError> {
        let operands = graph.operands(v);
        let rows = Dims::from_slice(&[layout.rows]);
        out.set_loc(graph.node(v).loc.clone());
        Ok(match self.plate.along[v.index()] {
            Some(Along::Uniform) => {
                Line::Same(out.push(Broadcast { dims: rows, map: Dims::new() }, &[map[operands[0].index()]])?)
            }
            Some(Along::Gather) => {
                Line::Same(out.push(Take { axis: 0 }, &[map[operands[0].index()], layout.segment])?)
            }
            Some(Along::Map) => {
                let of: Vec<&Line> = operands.iter().filter_map(|o| self.lines[o.index()].as_ref()).collect();
                let op = graph.op(v).cloned().ok_or_else(|| missing(graph, v))?;
                let mut line = |i: usize| {
                    let operands: Operands = of.iter().map(|line| line.at(i)).collect();
                    out.push(op.clone(), &operands)
                };
                if of.iter().all(|line| matches!(line, Line::Same(_))) {
                    Line::Same(line(0)?)
                } else {
                    Line::Each((0..layout.width).map(line).collect::<Result<_, _>>()?)
                }
            }
            _ => {
                let taken = out.push(Take { axis: 0 }, &[map[v.index()], layout.at])?;
                Line::Each(layout.lines(out, taken)?)
            }
        })
    }

    /// The sum of each row's own elements of what the terms make.
    fn total(&self, out: &mut Graph, layout: &Layout, terms: &Terms) -> Result<Val, TypeError> {
        let line = |v: Val, i: usize| self.lines[v.index()].as_ref().map(|line| line.at(i));
        let mut sums = Vec::with_capacity(layout.width);
        for (i, own) in self.own.iter().enumerate() {
            let mut product: Option<Val> = None;
            for x in terms.factors.iter().filter_map(|v| line(*v, i)) {
                product = Some(product.map_or(Ok(x), |product| out.mul(product, x))?);
            }
            if let Some(product) = product {
                sums.push(or_zero(out, *own, product)?);
            }
        }
        // In pairs, so that no addition waits for all before it.
        while sums.len() > 1 {
            let pairs = sums.chunks(2).map(|pair| match pair {
                [x, y] => out.add(*x, *y),
                _ => Ok(pair[0]),
            });
            sums = pairs.collect::<Result<_, _>>()?;
        }
        let mut sum = sums.pop().ok_or_else(|| TypeError {
            op: NAME,
            operands: Vec::new(),
            expected: "lines".into(),
        })?;
        for step in terms.steps.iter().rev() {
            sum = match step {
                Step::Neg => out.neg(sum)?,
                Step::Double => out.add(sum, sum)?,
                Step::Add(by) | Step::Sub(by) => {
                    let count = out.convert(layout.count, out.ty(sum).dtype)?;
                    let by = line(*by, 0).map_or(Ok(count), |by| out.mul(count, by))?;
                    if matches!(step, Step::Add(_)) { out.add(sum, by)? } else { out.sub(sum, by)? }
                }
                Step::Mul(by) => line(*by, 0).map_or(Ok(sum), |by| out.mul(sum, by))?,
                Step::Div(by) => line(*by, 0).map_or(Ok(sum), |by| out.div(sum, by))?,
            };
        }
        // A row without elements has none of what is the same everywhere either, be it infinite.
        if terms.steps.is_empty() { Ok(sum) } else { or_zero(out, self.own[0], sum) }
    }
}

fn or_zero(out: &mut Graph, on: Val, x: Val) -> Result<Val, TypeError> {
    let zero = out.full_like(x, 0.0)?;
    out.select(on, x, zero)
}

fn missing(graph: &Graph, v: Val) -> TypeError {
    TypeError { op: NAME, operands: vec![graph.ty(v).clone()], expected: "an op".into() }
}

/// `table` with the rows' sums added, each to its segment's entry.
fn by_segment(out: &mut Graph, layout: &Layout, table: Val, total: Val) -> Result<Val, TypeError> {
    let dims = [layout.rows];
    let first = out.push(Slice::along(&dims, 0, 0, layout.segments), &[total])?;
    let rest = out.push(Slice::along(&dims, 0, layout.segments, layout.rows), &[total])?;
    let sum = out.add(table, first)?;
    out.push(ScatterAdd { axis: 0 }, &[sum, layout.rest, rest])
}
