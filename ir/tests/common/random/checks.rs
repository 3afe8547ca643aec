//! What random graphs must satisfy on their way through passes.
#![allow(dead_code, clippy::panic, reason = "each test binary uses its own part")]

use pyroxene_ir::{
    Graph,
    passes::{Pass, PassError, Query},
    verify,
};

/// Ops without derivatives of one kind, and why they say so.
const NO_DERIVATIVE: [&str; 7] = [
    "betainc_grad_a",
    "betainc_grad_b",
    "call",
    "gammainc_grad_a",
    "householder",
    "householder_product",
    "qr",
];

/// The graph after a pass, which must be sound.
pub(crate) fn after(pass: &dyn Pass, graph: &Graph) -> Graph {
    let found = pass.run(graph, Query::Evaluate).unwrap_or_else(|e| panic!("{}: {e}\n{graph}", pass.name()));
    verify(&found).unwrap_or_else(|e| panic!("{}: {e}\n{graph}", pass.name()));
    found
}

/// The derivative, unless an op of the graph has none.
pub(crate) fn differentiable(graph: Result<Graph, PassError>) -> Option<Graph> {
    match graph {
        Ok(graph) => {
            verify(&graph).unwrap_or_else(|e| panic!("{e}"));
            Some(graph)
        }
        Err(PassError::Type { source, .. }) if NO_DERIVATIVE.contains(&source.op) => None,
        Err(e) => panic!("{e}"),
    }
}
