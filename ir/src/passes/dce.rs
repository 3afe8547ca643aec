//! Dead code elimination: keeps what the outputs need, and every input.

use super::{Need, Pass, PassError, Query, at, in_regions};
use crate::graph::{Graph, Kind, Operands, Phase, Val};

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

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

const NAME: &str = "dce";

fn run(graph: &Graph) -> Result<Graph, PassError> {
    let mut roots: Vec<Val> = graph.outputs().to_vec();
    roots.extend(graph.inputs());
    roots.extend(graph.sites().map(|(v, _)| v));
    let live = graph.reachable(&roots);
    let mut out = match graph.phase() {
        Phase::Model => Graph::with_regions_of(graph, Phase::Model),
        Phase::Pure => Graph::new(Phase::Pure),
    };
    let mut map: Vec<Option<Val>> = vec![None; graph.len()];
    for v in graph.vals().filter(|v| live[v.index()]) {
        let operands: Operands = graph.operands(v).iter().filter_map(|o| map[o.index()]).collect();
        let node = graph.node(v);
        out.set_loc(node.loc.clone());
        let copied = match &node.kind {
            Kind::Pure(op) => out.push(in_regions(op, run)?, &operands).map_err(at(NAME, node, None)),
            Kind::Site(site) => {
                out.copy_node(graph, v, &operands).map_err(at(NAME, node, Some(site.name.as_str())))
            }
            _ => out.copy_node(graph, v, &operands).map_err(at(NAME, node, None)),
        };
        map[v.index()] = Some(copied?);
    }
    out.set_loc(None);
    out.set_outputs(graph.outputs().iter().filter_map(|v| map[v.index()]));
    Ok(out)
}
