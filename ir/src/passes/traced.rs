//! Tracing a program for optimisation: parameters and replayed values given to it, and what its trace holds.

use super::{PassError, at, give::known_sites, query::density_ty, rebuild};
use crate::{
    graph::{Graph, Kind, Phase, Val},
    site::{Indices, KeySite, ParamSite, PlateSite, Rng, SampleSite, Site, SiteKind, Source},
    types::Ty,
};

/// One result of [`Query::Trace`](super::Query::Trace).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traced {
    /// The site's node.
    pub val: Val,
    /// The site's name.
    pub name: String,
    /// What it is of the site.
    pub part: Part,
    /// Its type.
    pub ty: Ty,
}

/// What a trace holds of a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A sample site's value, drawn, given or observed.
    Value,
    /// Its log density by element of its batch, with its scale, its plates' and its mask.
    LogProb,
    /// What these have multiplied the log density by; zero where the mask is off.
    Weight,
    /// The parameter of its distribution with this number.
    DistributionParam(usize),
    /// The value of a param site.
    Param,
    /// The same on unconstrained space.
    Unconstrained,
    /// What the bijection of its constraint reads, with its number.
    Capture(usize),
    /// The indices of a plate that subsamples.
    Indices,
    /// The state of a mutable site for the next run.
    State,
}

/// What [`Query::Trace`](super::Query::Trace) returns: by site in program order, and then the states.
pub fn traced(graph: &Graph) -> Vec<Traced> {
    let mut out = Vec::new();
    let mut states: Vec<Traced> = Vec::new();
    for (val, site) in graph.sites() {
        let entry = |part, ty: &Ty| Traced { val, name: site.name.clone(), part, ty: ty.clone() };
        let (own, operands) = (graph.ty(val), graph.operands(val));
        match &site.kind {
            SiteKind::Sample(sample) if !sample.hidden => {
                let density = density_ty(graph, sample);
                out.push(entry(Part::Value, own));
                out.extend([Part::LogProb, Part::Weight].map(|part| entry(part, &density)));
                let params = &operands[sample.slots().captures..][..sample.params.len()];
                let param = |(i, v): (usize, &Val)| entry(Part::DistributionParam(i), graph.ty(*v));
                out.extend(params.iter().enumerate().map(param));
            }
            SiteKind::Param(param) => {
                out.push(entry(Part::Param, own));
                if let Some(constrain) = param.constrain.map(|id| graph.region(id)) {
                    out.push(entry(Part::Unconstrained, constrain.ty(constrain.inputs()[0])));
                    let captures = operands.iter().skip(1).enumerate();
                    out.extend(captures.map(|(i, v)| entry(Part::Capture(i), graph.ty(*v))));
                }
            }
            SiteKind::Plate(PlateSite { indices: Indices::Drawn { .. } | Indices::Given { .. }, .. }) => {
                out.push(entry(Part::Indices, own));
            }
            kind if kind.reads_state() && states.iter().all(|s| s.name != site.name) => {
                states.push(entry(Part::State, own));
            }
            _ => {}
        }
    }
    out.extend(states);
    out
}

/// The program whose parameters `names`, or all of them, are named parameters of every query. Keys that serve to make their
/// initial values take no split, as in NumPyro under `substitute`.
///
/// # Errors
/// When a name is no parameter of the program.
pub fn give_params(graph: &Graph, names: Option<&[&str]>) -> Result<Graph, PassError> {
    let is_param = |site: &&Site| matches!(site.kind, SiteKind::Param(_));
    let known: Vec<&str> = graph.sites().map(|(_, s)| s).filter(is_param).map(|s| s.name.as_str()).collect();
    if let Some(unknown) = names.unwrap_or_default().iter().find(|n| !known.contains(n)) {
        return Err(PassError::Site {
            site: (*unknown).to_string(),
            loc: None,
            found: "the program has no parameter of this name".into(),
            help: format!("its parameters are {}", known.join(", ")),
        });
    }
    let given = |name: &str| names.is_none_or(|names| names.contains(&name));
    // A module's weights share one key.
    let settled = |of: &str| {
        let belongs = |name: &str| name.strip_prefix(of).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        let mut served = known.iter().filter(|name| belongs(name)).peekable();
        names.is_none() || served.peek().is_some() && served.all(|name| given(name))
    };
    changed(graph, "give_params", |site| match &site.kind {
        SiteKind::Param(param) if given(&site.name) => {
            Some((SiteKind::Param(ParamSite { given: true, ..param.clone() }), None))
        }
        SiteKind::Key(KeySite { rng, initial: Some(of) }) if settled(of) => {
            let key = KeySite { rng: Rng::None, initial: Some(of.clone()) };
            Some((SiteKind::Key(key), rng.has_key().then_some(0)))
        }
        _ => None,
    })
}

/// The program whose latent sample sites `sites` and subsampling plates `plates` take their values from named parameters
/// of every query. Splits are reserved as if they were drawn: NumPyro's `replay` around a seeded model.
///
/// # Errors
/// When a name is no such site of the program.
pub fn replay(graph: &Graph, sites: &[&str], plates: &[&str]) -> Result<Graph, PassError> {
    known_sites(graph, sites)?;
    changed(graph, "replay", |site| match &site.kind {
        SiteKind::Sample(sample) if sites.contains(&site.name.as_str()) && !sample.hidden => {
            let (source, slot) = (Source::Given { observed: false }, sample.slots().value);
            let given = SampleSite { source, ..(**sample).clone() };
            (!sample.source.is_observed()).then(|| (SiteKind::Sample(Box::new(given)), slot))
        }
        SiteKind::Plate(plate) if plates.contains(&site.name.as_str()) => match plate.indices {
            Indices::Drawn { rng, .. } => {
                let indices = Indices::Given { rng };
                Some((SiteKind::Plate(PlateSite { indices, ..plate.clone() }), None))
            }
            _ => None,
        },
        _ => None,
    })
}

/// The program with other kinds of sites: `f` says which, and the operand that goes.
fn changed(
    graph: &Graph,
    pass: &'static str,
    f: impl Fn(&Site) -> Option<(SiteKind, Option<usize>)>,
) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    rebuild(graph, &mut out, |out, v, node, operands| {
        if let Kind::Site(site) = &node.kind
            && let Some((kind, dropped)) = f(site)
        {
            let kept = operands.iter().enumerate().filter(|(i, _)| Some(*i) != dropped);
            let kept: Vec<Val> = kept.map(|(_, v)| *v).collect();
            return Ok(out.push_site(Site { kind, ..(**site).clone() }, node.ty.clone(), &kept));
        }
        out.copy_node(graph, v, operands).map_err(at(pass, node, None))
    })?;
    Ok(out)
}
