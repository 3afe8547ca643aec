//! Shared exponentials: where both `e^−|x|` and the logistic function of `x` are wanted, one exponential serves.

use std::collections::BTreeSet;

use super::{Need, Pass, PassError, Query, any_graph, rewrite};
use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{Op, formula},
};

/// Makes `1 / (1 + e⁻ˣ)` into `e^min(x, 0) / (1 + e^−|x|)`, the numerator 1 or `e^−|x|`, where `e^−|x|` is there already.
///
/// So it is in a likelihood with its derivative: `softplus` and `log_add_exp` are made of `e^−|x|`, and have logistic
/// functions for slopes. The exponential is half of what the two cost.
pub struct SharedExps;

const NAME: &str = "shared_exps";

impl Pass for SharedExps {
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
        // Logistic functions are rare: what they share is looked for where there is one.
        let is_logistic = |graph: &Graph, v| matches!(graph.op(v), Some(Op::Logistic(_)));
        let shared = |graph: &Graph| {
            let decays = decays(graph);
            graph.vals().any(|v| shares(graph, &decays, v))
        };
        any_graph(graph, &|graph| graph.vals().any(|v| is_logistic(graph, v)) && shared(graph))
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        shared(graph)
    }
}

fn shared(graph: &Graph) -> Result<Graph, PassError> {
    let decays = decays(graph);
    rewrite(graph, NAME, shared, |out, v, operands, _| {
        shares(graph, &decays, v).then(|| logistic(out, operands)).transpose()
    })
}

/// The operand of a node of this op.
macro_rules! of {
    ($g:expr, $v:expr, $Op:ident) => {
        match $v {
            v if matches!($g.op(v), Some(Op::$Op(_))) => Some($g.operands(v)[0]),
            _ => None,
        }
    };
}

/// The `x` of every `e^−|x|` that is wanted.
fn decays(graph: &Graph) -> BTreeSet<Val> {
    let live = graph.reachable(graph.outputs());
    let of = |v: Val| of!(graph, of!(graph, of!(graph, v, Exp)?, Neg)?, Abs);
    graph.vals().filter(|v| live[v.index()]).filter_map(of).collect()
}

/// Whether a node is a logistic function of one of these, or of its opposite.
fn shares(graph: &Graph, decays: &BTreeSet<Val>, v: Val) -> bool {
    let Some(x) = of!(graph, v, Logistic) else { return false };
    decays.contains(&x) || of!(graph, x, Neg).is_some_and(|x| decays.contains(&x))
}

fn logistic(out: &mut Graph, operands: &[Val]) -> Result<Val, TypeError> {
    // |−x| is |x|, and must be seen to be.
    let turned = of!(out, operands[0], Neg);
    let distance = turned.unwrap_or(operands[0]);
    formula(out, &[operands[0], distance], |[x, distance]| {
        let decay = (-distance.abs()).exp();
        x.less(0.0).select(decay, 1.0) / (decay + 1.0)
    })
}
