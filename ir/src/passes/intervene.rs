//! Interventions on a recorded program: the graph half of `do_` without a rerun.

use super::{PassError, at, give::known_sites, rebuild};
use crate::{
    graph::{Graph, Kind, Phase},
    site::{Rng, SampleSite, Site, SiteKind, Source},
};

/// The program in which code reads, for each sample site of `names`, the value of a hidden site `NAME__CF`, which is a
/// named parameter of every query. The site itself stays as it is, and nobody reads it.
///
/// # Errors
/// When a name is no sample site of the program, or one inside a loop or branch, whose function has run.
pub fn intervene(graph: &Graph, names: &[&str]) -> Result<Graph, PassError> {
    known_sites(graph, names)?;
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    rebuild(graph, &mut out, |out, v, node, operands| {
        let own = out.copy_node(graph, v, operands).map_err(at("intervene", node, None))?;
        let Kind::Site(site) = &node.kind else { return Ok(own) };
        let SiteKind::Sample(sample) = &site.kind else { return Ok(own) };
        if !names.contains(&site.name.as_str()) {
            return Ok(own);
        }
        if sample.within {
            return Err(PassError::Site {
                site: site.name.clone(),
                loc: node.loc.clone(),
                found: "an intervention on a site inside a loop or a branch, which reads its own value"
                    .into(),
                help: "put `do_` into the function given to `scan` or `cond`, and record the model again"
                    .into(),
            });
        }
        let slots = sample.slots();
        let dropped = [slots.value, slots.key];
        let kept = (0..operands.len()).filter(|i| !dropped.contains(&Some(*i)));
        let kept: Vec<_> = kept.map(|i| operands[i]).collect();
        let source = Source::Given { observed: true };
        let sample = SampleSite { source, rng: Rng::None, hidden: true, ..(**sample).clone() };
        let (name, frames) = (format!("{}__CF", site.name), site.frames.clone());
        let kind = SiteKind::Sample(Box::new(sample));
        Ok(out.push_site(Site { name, frames, kind }, node.ty.clone(), &kept))
    })?;
    Ok(out)
}
