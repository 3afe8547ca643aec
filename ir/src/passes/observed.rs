//! The values of observed sites, as far as data alone decide them: what a posterior is conditioned on.

use super::{
    PassError,
    known::{SiteValues, site_values},
};
use crate::{graph::Graph, site::SiteKind};

/// Collects the values of observed sites, given ones among them, of a recorded program: hidden ones are left out, and
/// those whose value depends on a latent site.
///
/// # Errors
/// When a region does not fit its site.
pub fn observed(graph: &Graph) -> Result<SiteValues, PassError> {
    let is_observed = |kind: &SiteKind| match kind {
        SiteKind::Sample(sample) => sample.source.is_observed() && !sample.hidden,
        _ => false,
    };
    site_values(graph, is_observed, |_| Ok(()))
}
