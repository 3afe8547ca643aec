//! Programs made ready for estimates of gradients: draws that no derivative passes, plates with keys of their own.

use std::sync::Arc;

use super::{PassError, at, rebuild};
use crate::{
    graph::{Graph, Kind, Phase, Role, Val},
    ops,
    site::{Indices, PlateSite, Rng, SampleSite, Site, SiteKind, Source},
    types::{DType, Ty},
};

/// The name of the key that [`key_plates`] has a program take.
pub const PLATE_KEY: &str = "plate key";

/// The scope of that key; seeds in a program count from zero.
const PLATE_SEED: u32 = u32::MAX;

/// The program in which no derivative passes through the draw of a site without [`SampleSite::has_rsample`]. Sites inside
/// control flows stay as they are.
///
/// # Errors
/// None but those of an inconsistent graph.
pub fn stop_draws(graph: &Graph) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    rebuild(graph, &mut out, |out, v, node, operands| {
        let err = at("stop_draws", node, None);
        if let Kind::Site(site) = &node.kind
            && let SiteKind::Sample(sample) = &site.kind
            && let (Source::Latent, false, Some(draw)) =
                (sample.source, sample.has_rsample(), sample.regions.draw)
        {
            let mut region = (**graph.region(draw)).clone();
            let stopped = region.outputs().to_vec().into_iter();
            let stopped: Result<Vec<Val>, _> =
                stopped.map(|v| region.push(ops::StopGradient, &[v])).collect();
            region.set_outputs(stopped.map_err(&err)?);
            let mut sample: SampleSite = (**sample).clone();
            sample.regions.draw = Some(out.add_region(Arc::new(region)));
            let site = Site { kind: SiteKind::Sample(Box::new(sample)), ..(**site).clone() };
            return Ok(out.push_site(site, node.ty.clone(), operands));
        }
        out.copy_node(graph, v, operands).map_err(err)
    })?;
    Ok(out)
}

/// The program whose plates that subsample take the splits of a key of their own, [`PLATE_KEY`] among the named parameters
/// of every query, rather than those of the program's (NumPyro's `seed(.., hide_types=["sample", ..])` inside another).
///
/// # Errors
/// None but those of an inconsistent graph.
pub fn key_plates(graph: &Graph) -> Result<Graph, PassError> {
    let concerns = |kind: &SiteKind| match kind {
        SiteKind::Plate(PlateSite { indices, .. }) => {
            matches!(indices, Indices::Drawn { rng: Rng::Program, .. } | Indices::Given { rng: Rng::Program })
        }
        _ => false,
    };
    if !graph.sites().any(|(_, site)| concerns(&site.kind)) {
        return Ok(graph.clone());
    }
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    let key = out.input(PLATE_KEY, Role::Site, Ty::new(DType::U32, [2]));
    rebuild(graph, &mut out, |out, v, node, operands| {
        if let Kind::Site(site) = &node.kind
            && let SiteKind::Plate(plate) = &site.kind
            && concerns(&site.kind)
        {
            let rng = Rng::Seed(PLATE_SEED);
            let indices = match plate.indices {
                Indices::Drawn { draw, .. } => Indices::Drawn { rng, draw },
                _ => Indices::Given { rng },
            };
            let kind = SiteKind::Plate(PlateSite { indices, ..plate.clone() });
            return Ok(out.push_site(Site { kind, ..(**site).clone() }, node.ty.clone(), &[key]));
        }
        out.copy_node(graph, v, operands).map_err(at("key_plates", node, None))
    })?;
    Ok(out)
}
