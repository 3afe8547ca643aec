//! The plates and parameters that a trace has recorded, by name.

use pyroxene_ir::{Loc, PlateSite, Site, SiteKind, Val};

use super::Trace;
use crate::tensor::Tensor;

/// A plate recorded before.
pub(crate) struct KnownPlate {
    pub(crate) site: PlateSite,
    pub(crate) indices: Tensor,
    pub(crate) loc: Loc,
}

impl Trace {
    fn named(&self, name: &str) -> Option<(Val, &Site, &Loc)> {
        let loc = self.names.get(name)?;
        let (v, site) = self.graph.sites().find(|(_, site)| site.name == name)?;
        Some((v, site, loc))
    }

    /// The plate of this name.
    pub(crate) fn plate_of(&self, name: &str) -> Option<KnownPlate> {
        let (v, site, loc) = self.named(name)?;
        let SiteKind::Plate(site) = &site.kind else { return None };
        let indices = Tensor::new(v, self.generation, false);
        Some(KnownPlate { site: site.clone(), indices, loc: loc.clone() })
    }

    /// The value of the parameter of this name, and where it was declared.
    pub(crate) fn param_of(&self, name: &str) -> Option<(Tensor, Loc)> {
        let (v, site, loc) = self.named(name)?;
        let is_param = matches!(site.kind, SiteKind::Param(_));
        is_param.then(|| (Tensor::new(v, self.generation, false), loc.clone()))
    }
}
