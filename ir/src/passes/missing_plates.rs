//! Batch dimensions of sample sites that no plate covers: usually a plate was forgotten, or shapes broadcast by mistake.

use super::control_flow::iteration_dims;
use crate::graph::{Graph, Val};
use crate::site::SiteKind;

/// A batch dimension that no plate covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MissingPlate {
    /// The sample site.
    pub val: Val,
    /// The dimension, counted from the right: −1 is the last.
    pub dim: isize,
    /// Its size, more than 1.
    pub size: usize,
    /// Whether the site is in some plate, so that its author thinks of dimensions as plates.
    pub in_plate: bool,
}

/// The batch dimensions of more than one element that no plate covers (NumPyro's `_validate_model`), in program order
/// and from the right.
pub fn missing_plates(graph: &Graph) -> Vec<MissingPlate> {
    let mut out = Vec::new();
    for (val, site) in graph.sites() {
        let SiteKind::Sample(sample) = &site.kind else { continue };
        // The iterations of a loop depend on one another, and so are no plate.
        let own = sample.batch.iter().skip(iteration_dims(graph, val));
        for (i, &size) in own.rev().enumerate() {
            let dim = -(i as isize) - 1;
            if size > 1 && !sample.hidden && site.frames.iter().all(|f| f.dim != dim) {
                out.push(MissingPlate { val, dim, size, in_plate: !site.frames.is_empty() });
            }
        }
    }
    out
}
