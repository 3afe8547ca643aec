//! The initial state of mutable sites: what the first run of a program finds.

use super::{PassError, known::Known};
use crate::{
    graph::{Graph, Kind, Val},
    site::SiteKind,
};

/// The initial values of a program's mutable sites.
#[derive(Clone, Debug)]
pub struct InitialStates {
    /// Takes the program's data, then the values given to its sites in program order; returns a value for each site.
    pub graph: Graph,
    /// The sites that read a state, in program order.
    pub sites: Vec<Val>,
}

/// Collects the initial values of mutable sites of a recorded program.
///
/// # Errors
/// When an initial value depends on a latent site: the first run could not begin.
pub fn states(graph: &Graph) -> Result<InitialStates, PassError> {
    let mut known = Known::of(graph)?;
    let (mut sites, mut outputs) = (Vec::new(), Vec::new());
    for v in graph.vals() {
        known.visit(v)?;
        let node = graph.node(v);
        let Kind::Site(site) = &node.kind else { continue };
        let SiteKind::Mutable(mutable) = &site.kind else { continue };
        if mutable.update {
            continue;
        }
        let Some(value) = known.value(v) else {
            return Err(PassError::Site {
                site: site.name.clone(),
                loc: node.loc.clone(),
                found: "the initial state depends on a random value".into(),
                help: "begin with a constant or with data, and set the state by a second `mutable`".into(),
            });
        };
        sites.push(v);
        outputs.push(value);
    }
    let mut graph = known.out;
    graph.set_outputs(outputs);
    Ok(InitialStates { graph, sites })
}
