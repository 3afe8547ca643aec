//! Values given to sites of a recorded program: the graph half of `condition` and `substitute` without a rerun.

use super::{PassError, at, rebuild};
use crate::{
    graph::{Graph, Kind, Phase},
    site::{Rng, SampleSite, Site, SiteKind, Source},
};

/// The program in which the sample sites `names` take their values from named parameters of every query, as the
/// innermost handler would give them: they are `observed` or only substituted, and reserve no random split.
///
/// # Errors
/// When a name is no sample site of the program.
pub fn give(graph: &Graph, names: &[&str], observed: bool) -> Result<Graph, PassError> {
    let known: Vec<&str> = graph
        .sites()
        .filter(|(_, s)| matches!(s.kind, SiteKind::Sample(_)))
        .map(|(_, s)| s.name.as_str())
        .collect();
    if let Some(unknown) = names.iter().find(|n| !known.contains(n)) {
        return Err(PassError::Site {
            site: (*unknown).to_string(),
            loc: None,
            found: "the program has no sample site of this name".into(),
            help: format!("its sample sites are {}", known.join(", ")),
        });
    }
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    rebuild(graph, &mut out, |out, v, node, operands| {
        if let Kind::Site(site) = &node.kind
            && let SiteKind::Sample(sample) = &site.kind
            && names.contains(&site.name.as_str())
        {
            let slots = sample.slots();
            let dropped = [slots.value, slots.key];
            let kept: Vec<_> =
                (0..operands.len()).filter(|i| !dropped.contains(&Some(*i))).map(|i| operands[i]).collect();
            let sample =
                SampleSite { source: Source::Given { observed }, rng: Rng::None, ..(**sample).clone() };
            let kind = SiteKind::Sample(Box::new(sample));
            return Ok(out.push_site(Site { kind, ..(**site).clone() }, node.ty.clone(), &kept));
        }
        out.copy_node(graph, v, operands).map_err(at("give", node, None))
    })?;
    Ok(out)
}
