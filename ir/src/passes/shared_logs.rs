//! Shared logarithms: in a sum of many softplus or log_add_exp, one logarithm serves many elements.

use super::{Need, Pass, PassError, Query, rewrite};
use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{LogAddExp, Op, Pad, ReduceProd, ReduceSum, Softplus},
    types::{DType, Dims, Ty},
};

/// Makes `Σ (a − softplus(x))` into `Σ (a − max(x, 0)) − Σ ln Π (1 + e^−|x|)`, and so for `log_add_exp`, where the sum is
/// over everything: each product is over so many factors, none larger than 2, as cannot overflow.
///
/// A logarithm costs more than the rest of the likelihood of a logistic regression; a factor of a product costs nothing
/// beside it. What a term below the rounding of 1 adds is lost, as it is in a sum with any other term; derivatives are
/// taken before, and are those of the functions.
pub struct SharedLogs;

/// With fewer elements there is nothing to gain; with more, XLA shares the work between threads as it is.
const ELEMENTS: std::ops::RangeInclusive<usize> = 256..=1 << 16;

/// As many products stand side by side at least: what a processor multiplies at once, several times.
const LANES: usize = 16;

const NAME: &str = "shared_logs";

impl Pass for SharedLogs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, query: Query) -> bool {
        matches!(query, Query::Potential | Query::PotentialAndGradient | Query::Function)
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        finds(graph)
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        shared(graph)
    }
}

fn finds(graph: &Graph) -> bool {
    let uses = uses(graph);
    let inside = |v: Val| graph.op(v).is_some_and(|op| op.regions().iter().any(|region| finds(region)));
    graph.vals().any(|v| summands(graph, &uses, v).is_some() || inside(v))
}

fn shared(graph: &Graph) -> Result<Graph, PassError> {
    let uses = uses(graph);
    rewrite(graph, NAME, shared, |out, v, _, map| {
        summands(graph, &uses, v).map(|terms| sum(graph, out, &terms, map)).transpose()
    })
}

/// How often each value is an operand of something that is wanted, or an output.
fn uses(graph: &Graph) -> Vec<usize> {
    let live = graph.reachable(graph.outputs());
    let mut uses = vec![0; graph.len()];
    for v in graph.vals().filter(|v| live[v.index()]) {
        graph.operands(v).iter().for_each(|o| uses[o.index()] += 1);
    }
    graph.outputs().iter().for_each(|v| uses[v.index()] += 1);
    uses
}

/// A summand, and whether it is subtracted.
type Term = (Val, bool);

fn is_log(graph: &Graph, v: Val) -> bool {
    matches!(graph.op(v), Some(Op::Softplus(_) | Op::LogAddExp(_)))
}

/// What is added up in a sum over everything, if logarithms that nothing else wants are part of it.
fn summands(graph: &Graph, uses: &[usize], v: Val) -> Option<Vec<Term>> {
    let Some(Op::ReduceSum(_)) = graph.op(v) else { return None };
    let of = graph.operands(v)[0];
    let fits = graph.ty(v).rank() == 0 && uses[v.index()] > 0 && ELEMENTS.contains(&graph.ty(of).len());
    if !fits || !graph.ty(of).dtype.is_float() {
        return None;
    }
    let (mut terms, mut next) = (Vec::new(), vec![(of, false)]);
    while let Some((v, minus)) = next.pop() {
        let operands = graph.operands(v);
        match graph.op(v) {
            Some(Op::Add(_)) if uses[v.index()] == 1 => {
                next.extend([(operands[1], minus), (operands[0], minus)])
            }
            Some(Op::Sub(_)) if uses[v.index()] == 1 => {
                next.extend([(operands[1], !minus), (operands[0], minus)])
            }
            Some(Op::Neg(_)) if uses[v.index()] == 1 => next.push((operands[0], !minus)),
            _ => terms.push((v, minus)),
        }
    }
    let shares = |(v, _): &Term| is_log(graph, *v) && uses[v.index()] == 1;
    terms.iter().any(shares).then_some(terms)
}

/// The sum of the terms over everything.
fn sum(graph: &Graph, out: &mut Graph, terms: &[Term], map: &[Val]) -> Result<Val, TypeError> {
    let (mut rest, mut logs) = (None, Vec::new());
    for (v, minus) in terms {
        let args: Vec<Val> = graph.operands(*v).iter().map(|o| map[o.index()]).collect();
        let parts = match graph.op(*v) {
            Some(Op::Softplus(_)) => Some(Softplus::parts(out, &args)?),
            Some(Op::LogAddExp(_)) => Some(LogAddExp::parts(out, &args)?),
            _ => None,
        };
        if let Some([_, tail]) = parts {
            logs.push((log_of_product(out, tail)?, *minus));
        }
        let term = parts.map_or(map[v.index()], |[larger, _]| larger);
        rest = Some(accumulate(out, rest, (term, *minus))?);
    }
    let rest = rest.map(|x| {
        let axes = (0..out.ty(x).rank()).collect();
        out.push(ReduceSum { axes }, &[x])
    });
    let mut total = rest.transpose()?;
    for log in logs {
        total = Some(accumulate(out, total, log)?);
    }
    total.ok_or_else(|| TypeError { op: "add", operands: Vec::new(), expected: "summands".into() })
}

fn accumulate(out: &mut Graph, sum: Option<Val>, (term, minus): Term) -> Result<Val, TypeError> {
    match (sum, minus) {
        (None, false) => Ok(term),
        (None, true) => out.neg(term),
        (Some(sum), false) => out.add(sum, term),
        (Some(sum), true) => out.sub(sum, term),
    }
}

/// How many factors, each at most 2, stay far below the largest number.
fn factors(dtype: DType) -> usize {
    if dtype == DType::F32 { 64 } else { 512 }
}

/// `Σ ln(1 + x)` over everything, for x from 0 to 1.
fn log_of_product(out: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let Ty { dtype, .. } = *out.ty(x);
    let n = out.ty(x).len();
    let least = n.div_ceil(factors(dtype)).max(LANES);
    // Lanes that divide the number of elements spare the padding.
    let lanes = (least..=least * 2).find(|lanes| n.is_multiple_of(*lanes)).unwrap_or(least);
    let steps = n.div_ceil(lanes);
    let mut x = out.reshape(x, &[n])?;
    if steps * lanes > n {
        x = out.push(Pad::new(Dims::from_slice(&[0]), Dims::from_slice(&[steps * lanes - n])), &[x])?;
    }
    let x = out.reshape(x, &[steps, lanes])?;
    let one = out.full_like(x, 1.0)?;
    let x = out.add(one, x)?;
    let products = out.push(ReduceProd { axes: Dims::from_slice(&[0]) }, &[x])?;
    let logs = out.log(products)?;
    out.push(ReduceSum { axes: Dims::from_slice(&[0]) }, &[logs])
}
