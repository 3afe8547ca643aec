//! The values of observed sites, as far as data alone decide them: what a posterior is conditioned on.

use super::{PassError, known::Known};
use crate::{
    graph::{Graph, Kind, Val},
    site::{SiteKind, Source},
};

/// The values of a program's observed sites.
#[derive(Clone, Debug)]
pub struct ObservedValues {
    /// Takes the program's data, then the values given to its sites in program order; returns a value for each site.
    pub graph: Graph,
    /// The sites, in program order: observed ones, hidden ones left out, whose value depends on no latent site.
    pub sites: Vec<Val>,
}

/// Collects the values of observed sites, given ones among them, of a recorded program.
///
/// # Errors
/// When a region does not fit its site.
pub fn observed(graph: &Graph) -> Result<ObservedValues, PassError> {
    let mut known = Known::of(graph)?;
    let (mut sites, mut outputs) = (Vec::new(), Vec::new());
    for v in graph.vals() {
        known.visit(v)?;
        let Kind::Site(site) = &graph.node(v).kind else { continue };
        let SiteKind::Sample(sample) = &site.kind else { continue };
        let is_observed =
            matches!(sample.source, Source::Operand { observed: true } | Source::Given { observed: true });
        if let (true, false, Some(value)) = (is_observed, sample.hidden, known.value(v)) {
            sites.push(v);
            outputs.push(value);
        }
    }
    let mut graph = known.out;
    graph.set_outputs(outputs);
    Ok(ObservedValues { graph, sites })
}
