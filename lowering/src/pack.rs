//! Fewer results and arguments for programs that run often: each is a buffer to hand over, a result one to make and to free too.

use pyroxene_ir::{Graph, Operands, Role, TypeError, Val, ops};

/// Copying more elements costs as much as a buffer.
const MOST: usize = 4096;

/// A graph whose only output has the elements of all outputs of `graph`, one output after the other, each row-major; `None`
/// where there is nothing to gain: a single output, outputs of different element types, empty or large ones.
///
/// # Errors
/// Never in practice: the outputs have been in the graph.
pub fn packed(graph: &Graph) -> Result<Option<Graph>, TypeError> {
    let outputs = graph.outputs();
    let tys: Vec<_> = outputs.iter().map(|v| graph.ty(*v)).collect();
    let is_one = tys.len() < 2 || tys.iter().any(|ty| ty.dtype != tys[0].dtype || ty.is_empty());
    if is_one || tys.iter().fold(0, |n: usize, ty| n.saturating_add(ty.len())) > MOST {
        return Ok(None);
    }
    let mut out = graph.clone();
    let flat =
        outputs.iter().map(|v| out.reshape(*v, &[graph.ty(*v).len()])).collect::<Result<Vec<_>, _>>()?;
    let whole = out.push(ops::Concatenate { axis: 0 }, &flat)?;
    out.set_outputs([whole]);
    Ok(Some(out))
}

/// The graph without the data that nothing reads, as where only what is prepared from them is read, and which of the inputs
/// are left; `None` where all are.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub fn read_inputs(graph: &Graph) -> Result<Option<(Graph, Vec<usize>)>, TypeError> {
    let live = graph.reachable(graph.outputs());
    let is_data = |v: Val| graph.input_of(v).is_some_and(|input| input.role == Role::Data);
    let is_left = |v: Val| live[v.index()] || !is_data(v);
    let left: Vec<usize> = (0..graph.inputs().len()).filter(|i| is_left(graph.inputs()[*i])).collect();
    if left.len() == graph.inputs().len() {
        return Ok(None);
    }
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Option<Val>> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands: Option<Operands> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        map.push(match operands {
            Some(operands) if is_left(v) => Some(out.copy_node(graph, v, &operands)?),
            _ => None,
        });
    }
    let outputs: Vec<Val> = graph.outputs().iter().filter_map(|v| map[v.index()]).collect();
    out.set_outputs(outputs);
    Ok(Some((out, left)))
}
