//! Fusing log densities: sums that are added to each other become one sum of what they are over.

use super::{Need, Pass, PassError, Query, any_graph, rewrite};
use crate::{
    error::TypeError,
    graph::{Graph, Operands, Val},
    ops::{Op, ReduceSum},
};

/// Makes `Σ a + Σ b` into `Σ (a + b)` where both are over one shape and nothing else wants them: XLA would make a loop
/// of each site's sum, and of each site's part in a parameter's derivative, and start these one by one.
///
/// It comes after `hoist_data`: a sum over data alone is one number by then, and no longer a sum.
pub struct FuseLogp;

impl Pass for FuseLogp {
    fn name(&self) -> &'static str {
        "fuse_logp"
    }

    fn applies(&self, query: Query) -> bool {
        matches!(query, Query::Potential | Query::PotentialAndGradient | Query::Function)
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_graph(graph, &|graph| {
            let uses = Uses::of(graph);
            graph.vals().any(|v| !uses.fusing(graph, v).is_empty())
        })
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        fused(graph)
    }
}

fn fused(graph: &Graph) -> Result<Graph, PassError> {
    let uses = Uses::of(graph);
    rewrite(graph, "fuse_logp", fused, |out, v, _, map| {
        let groups = uses.fusing(graph, v);
        if groups.is_empty() { Ok(None) } else { total(graph, out, &groups, map).map(Some) }
    })
}

/// Who uses each value.
struct Uses {
    /// How often it is an operand or an output.
    count: Vec<usize>,
    /// Whether it is one summand of an addition, and nothing else.
    in_sum: Vec<bool>,
}

impl Uses {
    fn of(graph: &Graph) -> Uses {
        let (mut count, mut in_sum) = (vec![0; graph.len()], vec![false; graph.len()]);
        // What nothing wants has no say.
        let live = graph.reachable(graph.outputs());
        for v in graph.vals().filter(|v| live[v.index()]) {
            for o in graph.operands(v) {
                count[o.index()] += 1;
                in_sum[o.index()] = is_addition(graph, v);
            }
        }
        graph.outputs().iter().for_each(|v| count[v.index()] += 1);
        in_sum.iter_mut().zip(&count).for_each(|(in_sum, count)| *in_sum &= *count == 1);
        Uses { count, in_sum }
    }

    /// Whether `v` is an addition that is no summand itself.
    fn is_total(&self, graph: &Graph, v: Val) -> bool {
        self.count[v.index()] > 0 && is_addition(graph, v) && !self.in_sum[v.index()]
    }

    /// The summands of a total of which some fuse; none of anything else.
    fn fusing(&self, graph: &Graph, v: Val) -> Vec<Operands> {
        let groups = if self.is_total(graph, v) { self.groups(graph, v) } else { Vec::new() };
        if groups.iter().any(|group| group.len() > 1) { groups } else { Vec::new() }
    }

    /// The summands of a total, in order: sums that fuse together, and everything else alone.
    fn groups(&self, graph: &Graph, total: Val) -> Vec<Operands> {
        let (mut groups, mut sums): (Vec<Operands>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut next: Vec<Val> = graph.operands(total).iter().rev().copied().collect();
        while let Some(v) = next.pop() {
            if is_addition(graph, v) && self.in_sum[v.index()] {
                next.extend(graph.operands(v).iter().rev());
                continue;
            }
            let is_sum = matches!(graph.op(v), Some(Op::ReduceSum(_))) && self.in_sum[v.index()];
            match sums.iter().find(|i| is_sum && alike(graph, groups[**i][0], v)) {
                Some(i) => groups[*i].push(v),
                None => {
                    sums.extend(is_sum.then_some(groups.len()));
                    groups.push(Operands::from_slice(&[v]));
                }
            }
        }
        groups
    }
}

fn is_addition(graph: &Graph, v: Val) -> bool {
    matches!(graph.op(v), Some(Op::Add(_)))
}

/// Whether two values are sums over the same dimensions of the same shape.
fn alike(graph: &Graph, a: Val, b: Val) -> bool {
    let of = |v: Val| graph.ty(graph.operands(v)[0]);
    match (graph.op(a), graph.op(b)) {
        (Some(Op::ReduceSum(x)), Some(Op::ReduceSum(y))) => x == y && of(a) == of(b),
        _ => false,
    }
}

/// Adds up the groups, each of them as one sum.
fn total(graph: &Graph, out: &mut Graph, groups: &[Operands], map: &[Val]) -> Result<Val, TypeError> {
    let add = |out: &mut Graph, terms: &mut dyn Iterator<Item = Val>| -> Result<Option<Val>, TypeError> {
        let mut sum = terms.next();
        for term in terms {
            sum = sum.map(|sum| out.add(sum, term)).transpose()?;
        }
        Ok(sum)
    };
    let mut sums = Vec::with_capacity(groups.len());
    for group in groups {
        let sum = match graph.op(group[0]) {
            Some(Op::ReduceSum(ReduceSum { axes })) if group.len() > 1 => {
                let terms = &mut group.iter().map(|v| map[graph.operands(*v)[0].index()]);
                let terms = add(out, terms)?;
                terms.map(|x| out.push(ReduceSum { axes: axes.clone() }, &[x])).transpose()?
            }
            _ => Some(map[group[0].index()]),
        };
        sums.extend(sum);
    }
    let sum = add(out, &mut sums.into_iter())?;
    sum.ok_or_else(|| TypeError { op: "add", operands: Vec::new(), expected: "summands".into() })
}
