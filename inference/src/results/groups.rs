//! The posterior in ArviZ's groups of variables, with named dimensions: what its file formats write.

use std::collections::{BTreeMap, BTreeSet};

use pyroxene_frontend::Array;

use super::{
    posterior::{Posterior, StatKind},
    site_draws::{DrawGroup, SiteDraws},
};

/// A variable that is no draw: an observed site's value, or data that the model reads.
#[derive(Clone, PartialEq, Debug)]
pub struct DataVariable {
    /// The site's name, or the data's path.
    pub name: String,
    /// Its value.
    pub value: Array,
    /// The names of the value's dimensions, where they have one: its plates'.
    pub dim_names: Vec<Option<String>>,
}

/// Variables that belong together; each name of a dimension stands for one size.
pub(super) struct Group<'a> {
    pub(super) name: &'static str,
    pub(super) variables: Vec<Variable<'a>>,
}

pub(super) struct Variable<'a> {
    pub(super) name: &'a str,
    /// Names and sizes.
    pub(super) dims: Vec<(String, usize)>,
    pub(super) values: Values<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    Draws(&'a [f64], StatKind),
    Data(&'a Array),
}

/// The groups there are, empty ones left out; the first is there where it is the only one.
pub(super) fn groups(posterior: &Posterior) -> Vec<Group<'_>> {
    let mut groups = draws(posterior, ["posterior", "sample_stats"]);
    for draws in posterior.site_draws() {
        groups.extend(DrawGroup::ALL.map(|of| site_draws(draws, of)));
    }
    groups.push(data("observed_data", posterior.observed_data()));
    groups.push(data("constant_data", posterior.constant_data()));
    if let Some(warmup) = posterior.warmup() {
        groups.extend(draws(warmup, ["warmup_posterior", "warmup_sample_stats"]));
    }
    let only = groups.iter().all(|group| group.variables.is_empty());
    groups.retain(|group| !group.variables.is_empty() || only && group.name == "posterior");
    groups
}

fn draws<'a>(posterior: &'a Posterior, names: [&'static str; 2]) -> Vec<Group<'a>> {
    let outer = [("chain", posterior.num_chains()), ("draw", posterior.num_draws())];
    let sites = posterior.sites().map(|site| {
        let values = Values::Draws(site.values(), StatKind::Real);
        (site.name(), site.dims().to_vec(), site.dim_names().to_vec(), values)
    });
    let stats = posterior.stats().zip(posterior.stat_specs());
    let stats =
        stats.map(|(view, spec)| (view.name(), vec![], vec![], Values::Draws(view.values(), spec.kind())));
    vec![group(names[0], &outer, sites.collect()), group(names[1], &outer, stats.collect())]
}

fn site_draws(draws: &SiteDraws, of: DrawGroup) -> Group<'_> {
    let [chains, length] = draws.chains_and_draws();
    let variables = draws.variables().iter().filter(|v| v.group == of);
    let variables =
        variables.map(|v| (&*v.name, v.dims.clone(), v.dim_names.clone(), Values::Data(&v.value)));
    group(of.name(), &[("chain", chains), ("draw", length)], variables.collect())
}

fn data<'a>(name: &'static str, variables: &'a [DataVariable]) -> Group<'a> {
    let variables = variables.iter();
    let variables =
        variables.map(|v| (&*v.name, v.value.dims().to_vec(), v.dim_names.clone(), Values::Data(&v.value)));
    group(name, &[], variables.collect())
}

type Raw<'a> = (&'a str, Vec<usize>, Vec<Option<String>>, Values<'a>);

/// Gives every dimension a name: its own, unless that is a variable's name or has another size elsewhere in the group.
fn group<'a>(name: &'static str, outer: &[(&str, usize)], raw: Vec<Raw<'a>>) -> Group<'a> {
    let mut sizes: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (dim, size) in outer {
        sizes.entry(dim).or_default().insert(*size);
    }
    for (_, dims, names, _) in &raw {
        for (dim, size) in names.iter().zip(dims) {
            // A plate called like an outer dimension is another one, whatever its size.
            let clash = dim.as_deref().is_some_and(|dim| outer.iter().any(|(name, _)| *name == dim));
            if let Some(dim) = dim {
                sizes.entry(dim).or_default().extend([*size].into_iter().chain(clash.then_some(usize::MAX)));
            }
        }
    }
    let taken: BTreeSet<&str> = raw.iter().map(|(name, ..)| *name).collect();
    let usable = |dim: &str| !taken.contains(dim) && sizes.get(dim).is_some_and(|sizes| sizes.len() == 1);
    let variable = |(name, dims, names, values): &Raw<'a>| {
        let own = dims.iter().enumerate().map(|(i, size)| {
            let named = names.get(i).cloned().flatten().filter(|dim| usable(dim));
            (named.unwrap_or_else(|| format!("{name}_dim_{i}")), *size)
        });
        let outer = outer.iter().map(|(dim, size)| ((*dim).to_owned(), *size));
        Variable { name, dims: outer.chain(own).collect(), values: *values }
    };
    Group { name, variables: raw.iter().map(variable).collect() }
}
