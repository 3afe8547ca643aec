//! Results as one array, for programs that run often: each result is a buffer to make, to hand over and to free.

use pyroxene_ir::{Graph, TypeError, ops};

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
