//! Factors that do not vary along a plate around them, and so count once for each of its elements.

use crate::{
    graph::{Graph, Val},
    site::SiteKind,
};

/// A factor that counts more than once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UncoveredFactor {
    /// The factor.
    pub val: Val,
    /// The plate along which it does not vary.
    pub plate: String,
    /// How often it counts along it.
    pub times: usize,
}

/// The visible factors of a recorded program that have one element along a plate of more, in program order. NumPyro
/// counts them once for each element, and so does this compiler; seldom is it meant.
pub fn uncovered_factors(graph: &Graph) -> Vec<UncoveredFactor> {
    let mut out = Vec::new();
    for (val, site) in graph.sites() {
        let SiteKind::Sample(sample) = &site.kind else { continue };
        if sample.distribution != "Unit" || sample.hidden {
            continue;
        }
        let operands = graph.operands(val);
        let Some(factor) = operands.get(sample.slots().captures) else { continue };
        let dims = &graph.ty(*factor).dims;
        for frame in &site.frames {
            let size = dims.len().checked_sub(frame.dim.unsigned_abs()).map_or(1, |i| dims[i]);
            if size == 1 && frame.full_size > 1 {
                out.push(UncoveredFactor { val, plate: frame.name.clone(), times: frame.full_size });
            }
        }
    }
    out
}
