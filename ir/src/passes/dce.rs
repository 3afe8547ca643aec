//! Dead code elimination: keeps what the outputs need, and every input.

use super::{Need, Pass, PassError, Query, at};
use crate::graph::{Graph, Kind, Operands, Phase, Val};

/// Drops nodes that no output and no site needs. Inputs stay, since they are the graph's signature.
pub struct Dce;

impl Pass for Dce {
    fn name(&self) -> &'static str {
        "dce"
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
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
            let site = match &node.kind {
                Kind::Site(site) => Some(site.name.as_str()),
                _ => None,
            };
            let copied = out.copy_node(graph, v, &operands).map_err(at(self.name(), node, site))?;
            map[v.index()] = Some(copied);
        }
        out.set_outputs(graph.outputs().iter().filter_map(|v| map[v.index()]));
        Ok(out)
    }
}
