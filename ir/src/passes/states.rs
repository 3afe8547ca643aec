//! The initial state of mutable sites: what the first run of a program finds.

use super::{
    PassError,
    known::{SiteValues, site_values},
};
use crate::{graph::Graph, site::SiteKind};

/// Collects the initial values of the mutable sites of a recorded program that read a state.
///
/// # Errors
/// When an initial value depends on a latent site: the first run could not begin.
pub fn states(graph: &Graph) -> Result<SiteValues, PassError> {
    site_values(graph, SiteKind::reads_state, |v| {
        Err(PassError::Site {
            site: graph.site(v).map(|site| site.name.clone()).unwrap_or_default(),
            loc: graph.node(v).loc.clone(),
            found: "the initial state depends on a random value".into(),
            help: "begin with a constant or with data, and set the state by a second `mutable`".into(),
        })
    })
}
