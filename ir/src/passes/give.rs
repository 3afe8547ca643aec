//! Values given to and taken from sites of a recorded program: `condition`, `substitute` and `uncondition` without a rerun.

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
    known_sites(graph, names)?;
    with_source(graph, |site, sample| {
        let given = names.contains(&site.name.as_str());
        given.then_some((Source::Given { observed }, Rng::None, [sample.slots().value, sample.slots().key]))
    })
}

/// Refuses names that are no sample site of the program.
pub(super) fn known_sites(graph: &Graph, names: &[&str]) -> Result<(), PassError> {
    let known: Vec<&str> = graph
        .sites()
        .filter(|(_, s)| matches!(s.kind, SiteKind::Sample(_)))
        .map(|(_, s)| s.name.as_str())
        .collect();
    match names.iter().find(|n| !known.contains(n)) {
        None => Ok(()),
        Some(unknown) => Err(PassError::Site {
            site: (*unknown).to_string(),
            loc: None,
            found: "the program has no sample site of this name".into(),
            help: format!("its sample sites are {}", known.join(", ")),
        }),
    }
}

/// The program in which observed sites are latent again, as NumPyro's `uncondition` around the model makes them: all that
/// can be drawn from, or those of `names`. A draw takes its split where the site stands.
///
/// # Errors
/// When a name is no observed sample site of the program, or a site is observed inside a loop or a branch, which reads
/// its data.
pub fn uncondition(graph: &Graph, names: Option<&[&str]>) -> Result<Graph, PassError> {
    let opens = |sample: &SampleSite| sample.source.is_observed() && !sample.is_factor();
    let asked = |site: &Site, sample: &SampleSite| match names {
        Some(names) => names.contains(&site.name.as_str()),
        None => opens(sample) && sample.regions.draw.is_some(),
    };
    let observed =
        graph.sites().filter(|(_, s)| matches!(&s.kind, SiteKind::Sample(sample) if opens(sample)));
    let known: Vec<&str> = observed.map(|(_, s)| s.name.as_str()).collect();
    if let Some(unknown) = names.unwrap_or_default().iter().find(|n| !known.contains(n)) {
        return Err(PassError::Site {
            site: (*unknown).to_string(),
            loc: None,
            found: "the program has no observed sample site of this name".into(),
            help: format!("its observed sites are {}", known.join(", ")),
        });
    }
    for (v, site) in graph.sites() {
        if let SiteKind::Sample(sample) = &site.kind
            && opens(sample)
            && names.is_none_or(|names| names.contains(&site.name.as_str()))
            && is_inside(graph, &site.name)
        {
            return Err(PassError::Site {
                site: site.name.clone(),
                loc: graph.node(v).loc.clone(),
                found: "it is observed inside a loop or a branch, whose recording reads its data".into(),
                help: "record the model without its observation instead (a `None` for `obs`)".into(),
            });
        }
    }
    with_source(graph, |site, sample| {
        let rng = if sample.rng == Rng::None { Rng::Program } else { sample.rng };
        asked(site, sample).then_some((Source::Latent, rng, [sample.slots().value, None]))
    })
}

/// Whether a loop or a branch of the program holds a site of this name.
fn is_inside(graph: &Graph, name: &str) -> bool {
    graph
        .regions()
        .iter()
        .any(|region| region.sites().any(|(_, s)| s.name == name) || is_inside(region, name))
}

/// The program with other sources of sample sites: `f` says which, where keys come from, and which operands go.
fn with_source(
    graph: &Graph,
    f: impl Fn(&Site, &SampleSite) -> Option<(Source, Rng, [Option<usize>; 2])>,
) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    rebuild(graph, &mut out, |out, v, node, operands| {
        if let Kind::Site(site) = &node.kind
            && let SiteKind::Sample(sample) = &site.kind
            && let Some((source, rng, dropped)) = f(site, sample)
        {
            let kept = (0..operands.len()).filter(|i| !dropped.contains(&Some(*i)));
            let kept: Vec<_> = kept.map(|i| operands[i]).collect();
            let kind = SiteKind::Sample(Box::new(SampleSite { source, rng, ..(**sample).clone() }));
            return Ok(out.push_site(Site { kind, ..(**site).clone() }, node.ty.clone(), &kept));
        }
        out.copy_node(graph, v, operands).map_err(at("give", node, None))
    })?;
    Ok(out)
}
