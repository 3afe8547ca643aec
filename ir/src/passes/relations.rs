//! Relations: what a drawing of a model shows, its random variables, parameters and plates and who reads whom.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::provenance::Provenance;
use crate::{
    graph::{Graph, Val},
    site::{Site, SiteKind},
};

/// Random variables, parameters and plates of a program (NumPyro's `infer.inspect.get_model_relations`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Relations {
    /// For each sample and deterministic site the sample and deterministic sites that it reads directly.
    pub sample_sample: IndexMap<String, Vec<String>>,
    /// For each sample and deterministic site the parameters that it reads directly.
    pub sample_param: IndexMap<String, Vec<String>>,
    /// The distribution of each sample site; `Deterministic` of the others.
    pub sample_dist: IndexMap<String, String>,
    /// The constraint of each parameter, in words.
    pub param_constraint: IndexMap<String, String>,
    /// For each plate the sample and deterministic sites inside. Of two plates that overlap, neither inside the other,
    /// one is split: its part outside the other goes by its name with `__CLONE`.
    pub plate_sample: IndexMap<String, Vec<String>>,
    /// The observed sites.
    pub observed: Vec<String>,
}

/// Collects the relations of a recorded program; all lists are in program order.
pub fn relations(graph: &Graph) -> Relations {
    let sites: Vec<(Val, &Site)> =
        graph.sites().filter(|(_, site)| is_variable(site) || is_param(site)).collect();
    let position = |name: &str| sites.iter().position(|(_, s)| s.name == name);
    let marked = |site: &Site| (is_variable(site) || is_param(site)).then(|| position(&site.name)).flatten();
    let provenance = Provenance::of(graph, marked);
    let mut out = Relations::default();
    for (v, site) in &sites {
        let (marks, class) = match &site.kind {
            SiteKind::Sample(sample) => {
                if sample.source.is_observed() {
                    out.observed.push(site.name.clone());
                }
                (provenance.density(*v, sample), class(&sample.distribution))
            }
            SiteKind::Param(param) => {
                out.param_constraint.insert(site.name.clone(), param.constraint.clone());
                continue;
            }
            _ => (provenance.computed(*v), "Deterministic"),
        };
        let read = |wanted: fn(&Site) -> bool| {
            let others =
                sites.iter().enumerate().filter(|(i, (u, s))| u != v && wanted(s) && marks.contains(*i));
            others.map(|(_, (_, s))| s.name.clone()).collect::<Vec<_>>()
        };
        out.sample_sample.insert(site.name.clone(), read(is_variable));
        out.sample_param.insert(site.name.clone(), read(is_param));
        out.sample_dist.insert(site.name.clone(), class.to_string());
    }
    out.plate_sample = plates(graph, &sites);
    out
}

fn is_variable(site: &Site) -> bool {
    match &site.kind {
        SiteKind::Sample(sample) => !sample.hidden,
        kind => matches!(kind, SiteKind::Deterministic),
    }
}

fn is_param(site: &Site) -> bool {
    matches!(site.kind, SiteKind::Param(_))
}

/// The distribution's own name, without what only shapes it and what it is made of.
pub(super) fn class(distribution: &str) -> &str {
    let own = distribution.split(".to_event(").next().unwrap_or(distribution);
    own.split('(').next().unwrap_or(own)
}

/// The members of each plate, overlaps split.
fn plates(graph: &Graph, sites: &[(Val, &Site)]) -> IndexMap<String, Vec<String>> {
    let variables = || sites.iter().enumerate().filter(|(_, (_, site))| is_variable(site));
    let members = |plate: &str| -> BTreeSet<usize> {
        let inside = variables().filter(|(_, (_, s))| s.frames.iter().any(|f| f.name == plate));
        inside.map(|(i, _)| i).collect()
    };
    let declared = graph.sites().filter(|(_, site)| matches!(site.kind, SiteKind::Plate(_)));
    let mut plates: IndexMap<String, BTreeSet<usize>> =
        declared.map(|(_, site)| (site.name.clone(), members(&site.name))).collect();
    while let Some((inside, overlapping)) = overlap(&plates) {
        let (shared, outside) = split(&plates[inside], &plates[overlapping]);
        let name = plates.get_index(overlapping).map(|(name, _)| name.clone()).unwrap_or_default();
        // Split more than once, a plate has clones of clones.
        let mut clone = format!("{name}__CLONE");
        while plates.contains_key(&clone) {
            clone.push_str("__CLONE");
        }
        plates.insert(name, shared);
        plates.insert(clone, outside);
    }
    let name = |i: &usize| sites[*i].1.name.clone();
    plates.into_iter().map(|(plate, members)| (plate, members.iter().map(name).collect())).collect()
}

/// What of `other` lies in `plate`, and what does not.
fn split(plate: &BTreeSet<usize>, other: &BTreeSet<usize>) -> (BTreeSet<usize>, BTreeSet<usize>) {
    (other & plate, other - plate)
}

/// The first two plates that share sites though neither lies in the other.
fn overlap(plates: &IndexMap<String, BTreeSet<usize>>) -> Option<(usize, usize)> {
    let pairs = (0..plates.len()).flat_map(|p| (0..plates.len()).map(move |q| (p, q)));
    pairs.into_iter().find(|(p, q)| {
        let (p, q) = (&plates[*p], &plates[*q]);
        !p.is_disjoint(q) && !p.is_subset(q) && !q.is_subset(p)
    })
}
