//! Dependencies: which sample sites a site depends on, in the prior and in the posterior.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::{provenance::Provenance, relations::class};
use crate::{
    graph::Graph,
    site::{SampleSite, Site, SiteKind},
};

/// For each site those that it depends on, with the plates along which every element depends on every other.
pub type DependencyMap = IndexMap<String, IndexMap<String, BTreeSet<String>>>;

/// The structure of a conditioned program (NumPyro's `infer.inspect.get_dependencies`).
///
/// Deterministic sites and those of `Delta` are left out, and what depends on them depends on what they are made of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Dependencies {
    /// For each latent or observed site the latent sites that its density reads, itself included, in program order.
    pub prior_dependencies: DependencyMap,
    /// For each latent site the later latent or observed sites on which it depends once the data are known. A plate is
    /// named where the dependency is full, as in a complete bipartite graph: along the others elements depend pairwise.
    pub posterior_dependencies: DependencyMap,
}

/// A sample site that takes part.
struct Node<'a> {
    name: &'a str,
    observed: bool,
    plates: BTreeSet<&'a str>,
    /// The latent sites its density reads, itself first, by position among the nodes.
    upstream: Vec<usize>,
}

/// Works out which sites of a recorded program depend on which others. Posterior dependencies are the prior's reversed,
/// with those among latent sites that share a site downstream (moralisation; Webb et al., 2018, "Faithful inversion of
/// generative models for effective amortized inference").
pub fn dependencies(graph: &Graph) -> Dependencies {
    let nodes = nodes(graph);
    let mut out = Dependencies::default();
    for node in &nodes {
        let upstream = node.upstream.iter().map(|u| (nodes[*u].name.to_string(), BTreeSet::new()));
        out.prior_dependencies.insert(node.name.to_string(), upstream.collect());
        if !node.observed {
            out.posterior_dependencies.insert(node.name.to_string(), IndexMap::new());
        }
    }
    let latent =
        |node: &Node<'_>| node.upstream.iter().copied().filter(|u| !nodes[*u].observed).collect::<Vec<_>>();
    let mut posterior = |u: usize, d: usize, plates: BTreeSet<String>| {
        if let Some(map) = out.posterior_dependencies.get_mut(nodes[u].name) {
            map.entry(nodes[d].name.to_string()).or_default().extend(plates);
        }
    };
    for (d, node) in nodes.iter().enumerate() {
        for u in latent(node) {
            posterior(u, d, BTreeSet::new());
        }
    }
    for node in &nodes {
        let blanket = latent(node);
        for &later in &blanket {
            for &earlier in blanket.iter().filter(|u| **u <= later) {
                let shared = nodes[later].plates.intersection(&nodes[earlier].plates);
                let full = shared.filter(|p| !node.plates.contains(*p)).map(|p| p.to_string());
                posterior(earlier, later, full.collect());
            }
        }
    }
    out
}

/// The sample sites that are visible and no `Delta`, in program order.
fn nodes(graph: &Graph) -> Vec<Node<'_>> {
    let sites: Vec<_> = graph.sites().filter_map(|(v, s)| Some((v, s, taking_part(s)?))).collect();
    let position = |site: &Site| {
        let sample = taking_part(site)?;
        let own = || sites.iter().position(|(_, s, _)| std::ptr::eq(*s, site));
        if sample.source.is_observed() { None } else { own() }
    };
    let provenance = Provenance::of(graph, position);
    let node = |i: usize| {
        let (v, site, sample) = sites[i];
        let marks = provenance.density(v, sample);
        let upstream = std::iter::once(i).chain((0..i).filter(|u| marks.contains(*u))).collect();
        let plates = site.frames.iter().map(|f| &*f.name).collect();
        Node { name: &site.name, observed: sample.source.is_observed(), plates, upstream }
    };
    (0..sites.len()).map(node).collect()
}

fn taking_part(site: &Site) -> Option<&SampleSite> {
    match &site.kind {
        SiteKind::Sample(s) if !s.hidden && class(&s.distribution) != "Delta" => Some(s),
        _ => None,
    }
}
