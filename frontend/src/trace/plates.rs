//! The plates that a trace has recorded, by name.

use pyroxene_ir::{Loc, PlateSite, SiteKind};

use super::Trace;
use crate::tensor::Tensor;

/// A plate recorded before.
pub(crate) struct KnownPlate {
    pub(crate) site: PlateSite,
    pub(crate) indices: Tensor,
    pub(crate) loc: Loc,
}

impl Trace {
    /// The plate of this name.
    pub(crate) fn plate_of(&self, name: &str) -> Option<KnownPlate> {
        let loc = self.names.get(name)?.clone();
        let (v, site) = self.graph.sites().find(|(_, site)| site.name == name)?;
        let SiteKind::Plate(site) = &site.kind else { return None };
        Some(KnownPlate { site: site.clone(), indices: Tensor::new(v, self.generation, false), loc })
    }
}
