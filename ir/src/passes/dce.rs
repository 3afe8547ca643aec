//! Dead code elimination: keeps what the outputs need, and every input.

use super::{Need, Pass, PassError, Query, any_graph, copy_through};
use crate::graph::{Graph, Operands, Phase, Val};

/// Drops nodes that no output and no site needs, in closed graphs inside ops too. Inputs stay, since they are the graph's
/// signature.
pub struct Dce;

impl Pass for Dce {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_graph(graph, &|graph| !live(graph).into_iter().all(|live| live))
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

const NAME: &str = "dce";

/// What outputs, sites and the signature need.
fn live(graph: &Graph) -> Vec<bool> {
    let mut roots: Vec<Val> = graph.outputs().to_vec();
    roots.extend(graph.inputs());
    roots.extend(graph.sites().map(|(v, _)| v));
    graph.reachable(&roots)
}

fn run(graph: &Graph) -> Result<Graph, PassError> {
    let live = live(graph);
    let mut out = match graph.phase() {
        Phase::Model => Graph::with_regions_of(graph, Phase::Model),
        Phase::Pure => Graph::new(Phase::Pure),
    };
    let mut map: Vec<Option<Val>> = vec![None; graph.len()];
    for v in graph.vals().filter(|v| live[v.index()]) {
        let operands: Operands = graph.operands(v).iter().filter_map(|o| map[o.index()]).collect();
        out.set_loc(graph.node(v).loc.clone());
        map[v.index()] = Some(copy_through(&mut out, graph, v, &operands, NAME, run)?);
    }
    out.set_loc(None);
    out.set_outputs(graph.outputs().iter().filter_map(|v| map[v.index()]));
    Ok(out)
}
