//! Scatters inside of kernels: XLA's own call its runtime, which a kernel cannot, so these become loops over the updates.

use std::convert::identity;

use pyroxene_ir::{
    Array, DType, Graph, Op, Operands, Ty, TypeError, Val,
    ops::{self, Combine, Comparison, closed, unclamped},
};

/// The graph with a loop in place of each scatter, one for all that go by the same index and do not wait for each other.
/// Updates are joined in their order, as the interpreter does.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub(crate) fn scatter_loops(graph: &Graph) -> Result<Graph, TypeError> {
    let depth = depths(graph);
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Val> = vec![Val::from_index(0); graph.len()];
    for level in 0..=depth.iter().copied().max().unwrap_or(0) {
        let here = |v: &Val| depth[v.index()] == level;
        for v in graph.vals().filter(here).filter(|v| !is_scatter(graph, *v)) {
            let operands = mapped(graph, v, &map);
            map[v.index()] = out.copy_node_through(graph, v, &operands, scatter_loops, identity)?;
        }
        let mut left: Vec<Val> = graph.vals().filter(here).filter(|v| is_scatter(graph, *v)).collect();
        while let Some(first) = left.first().copied() {
            let index = |v: Val| graph.operands(v)[1];
            let (group, others) = left.into_iter().partition(|v| index(*v) == index(first));
            left = others;
            scatters(graph, &mut out, &mut map, &group)?;
        }
    }
    out.set_outputs(graph.outputs().iter().map(|v| map[v.index()]));
    Ok(out)
}

fn is_scatter(graph: &Graph, v: Val) -> bool {
    matches!(graph.op(v), Some(Op::Scatter(_) | Op::ScatterAdd(_)))
}

/// How many scatters come one after the other before each value.
fn depths(graph: &Graph) -> Vec<usize> {
    let mut depth: Vec<usize> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let after = |o: &Val| depth[o.index()] + usize::from(is_scatter(graph, *o));
        depth.push(graph.operands(v).iter().map(after).max().unwrap_or(0));
    }
    depth
}

fn mapped(graph: &Graph, v: Val, map: &[Val]) -> Operands {
    graph.operands(v).iter().map(|o| map[o.index()]).collect()
}

/// Where a scatter writes, and how.
struct Write {
    axis: usize,
    /// What joins an update with what is there; where it is nothing the update replaces it.
    join: Option<Op>,
    /// Whether an update may lie outside, where it is ignored.
    checked: bool,
}

impl Write {
    fn of(graph: &Graph, v: Val) -> Write {
        let (axis, join) = match graph.op(v) {
            Some(Op::Scatter(op)) => (op.axis, joins(op.by)),
            Some(Op::ScatterAdd(op)) => (op.axis, Some(ops::Add.into())),
            _ => (0, None),
        };
        let operands = graph.operands(v);
        Write {
            axis,
            join,
            checked: unclamped(graph, operands[1], graph.ty(operands[0]).dims[axis]).is_none(),
        }
    }

    /// The table after the update number `i`, which goes to position `at`.
    fn step(&self, g: &mut Graph, [i, at]: [Val; 2], table: Val, updates: Val) -> Result<Val, TypeError> {
        let (zero, dims) = (g.full_like(at, 0.0)?, g.ty(table).dims.clone());
        let start =
            |along: Val| (0..dims.len()).map(move |axis| if axis == self.axis { along } else { zero });
        let mut sizes = dims.clone();
        sizes[self.axis] = 1;
        let slice = |g: &mut Graph, x: Val, along: Val| {
            let operands: Operands = [x].into_iter().chain(start(along)).collect();
            g.push(ops::DynamicSlice { sizes: sizes.clone() }, &operands)
        };
        let (old, update) = (slice(g, table, at)?, slice(g, updates, i)?);
        let mut new = match &self.join {
            Some(op) => g.push(op.clone(), &[old, update])?,
            None => update,
        };
        if self.checked {
            let last = g.full_like(at, dims[self.axis] as f64 - 1.0)?;
            let above = g.push(ops::Compare(Comparison::Ge), &[at, zero])?;
            let below = g.push(ops::Compare(Comparison::Le), &[at, last])?;
            let inside = g.and(above, below)?;
            let inside = g.broadcast_to(inside, &sizes)?;
            new = g.select(inside, new, old)?;
        }
        let operands: Operands = [table, new].into_iter().chain(start(at)).collect();
        g.push(ops::DynamicUpdateSlice, &operands)
    }
}

fn joins(by: Combine) -> Option<Op> {
    match by {
        Combine::Set => None,
        Combine::Mul => Some(ops::Mul.into()),
        Combine::Min => Some(ops::Min.into()),
        Combine::Max => Some(ops::Max.into()),
    }
}

/// Adds one loop that does what these scatters by one index do.
fn scatters(graph: &Graph, out: &mut Graph, map: &mut [Val], group: &[Val]) -> Result<(), TypeError> {
    let index = map[graph.operands(group[0])[1].index()];
    let rounds = out.ty(index).len();
    let index = out.reshape(index, &[rounds])?;
    let index = out.convert(index, DType::I64)?;
    let start = out.constant(Array::scalar(0i32))?;
    let (mut consts, mut carries) = (vec![index], vec![start]);
    let mut writes = Vec::with_capacity(group.len());
    for v in group {
        let (operands, write) = (mapped(graph, *v, map), Write::of(graph, *v));
        let mut dims = out.ty(operands[0]).dims.clone();
        dims[write.axis] = rounds;
        consts.push(out.reshape(operands[2], &dims)?);
        carries.push(operands[0]);
        writes.push(write);
    }
    let operands = [consts.as_slice(), &carries].concat();
    let tys: Vec<Ty> = operands.iter().map(|v| out.ty(*v).clone()).collect();
    let at = consts.len();
    let cond = closed(tys.clone(), |g, x| {
        let end = g.constant(Array::scalar(i32::try_from(rounds).unwrap_or(i32::MAX)))?;
        Ok(vec![g.lt(x[at], end)?])
    })?;
    let body = closed(tys, |g, x| {
        let one = g.constant(Array::scalar(1i32))?;
        let mut next = vec![g.add(x[at], one)?];
        let i = g.convert(x[at], DType::I64)?;
        let position = g.push(ops::DynamicSlice { sizes: [1].as_slice().into() }, &[x[0], i])?;
        let position = g.reshape(position, &[])?;
        for (k, write) in writes.iter().enumerate() {
            next.push(write.step(g, [i, position], x[at + 1 + k], x[1 + k])?);
        }
        Ok(next)
    })?;
    let results = out.push_all(ops::While { cond, body }, &operands)?;
    for (v, result) in group.iter().zip(&results[1..]) {
        map[v.index()] = *result;
    }
    Ok(())
}
