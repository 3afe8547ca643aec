//! A graph made anew node by node: the walk of those steps before HLO that change single nodes.

use pyroxene_ir::{Graph, Operands, TypeError, Val};

/// A graph of the values that `make` makes of a graph's, one after the other, from its operands, which are made already, and
/// all that are made before it.
pub(crate) fn rebuilt(
    graph: &Graph,
    make: impl Fn(&mut Graph, Val, &[Val], &[Val]) -> Result<Val, TypeError>,
) -> Result<Graph, TypeError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands: Operands = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        let new = make(&mut out, v, &operands, &map)?;
        map.push(new);
    }
    out.set_outputs(graph.outputs().iter().map(|v| map[v.index()]));
    Ok(out)
}
