//! Masks and scales put on sites of a recorded program: the graph half of `mask` and `scale` without a rerun.

use std::{collections::BTreeMap, sync::Arc};

use super::{PassError, at, give::known_sites, rebuild};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Node, Phase, Role, Val},
    ops,
    site::{CheckSite, Rng, SampleRegions, SampleSite, Site, SiteKind, Source},
    types::{DType, Ty},
};

/// What is put on a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// Truth values: where off, the site has no density.
    Mask,
    /// Positive factors of the log density.
    Scale,
}

impl Weight {
    /// The name of what it is, alone or after a site's name.
    fn name(self) -> &'static str {
        match self {
            Weight::Mask => "mask",
            Weight::Scale => "scale",
        }
    }
}

/// The program with a weight on the sample sites `names`, as the innermost handler would put it. Its value is a named
/// parameter of every query, of the dimensions of the site's batch: `NAME/mask` or `NAME/scale`. Without names it is one
/// scalar for all sample sites, `mask` or `scale`.
///
/// # Errors
/// When a name is no sample site of the program, or has such a weight already.
pub fn weigh(graph: &Graph, names: Option<&[&str]>, weight: Weight) -> Result<Graph, PassError> {
    known_sites(graph, names.unwrap_or_default())?;
    let taken: Vec<&str> = graph.sites().map(|(_, site)| site.name.as_str()).collect();
    let mut out = Graph::with_regions_of(graph, Phase::Model);
    let mut shared: BTreeMap<DType, Val> = BTreeMap::new();
    rebuild(graph, &mut out, |out, v, node, operands| {
        let (site, sample) = match &node.kind {
            Kind::Site(site) => match &site.kind {
                SiteKind::Sample(sample) if names.is_none_or(|n| n.contains(&site.name.as_str())) => {
                    (site, sample)
                }
                _ => return out.copy_node(graph, v, operands).map_err(at("weigh", node, None)),
            },
            _ => return out.copy_node(graph, v, operands).map_err(at("weigh", node, None)),
        };
        if sample.hidden {
            return out.copy_node(graph, v, operands).map_err(at("weigh", node, None));
        }
        let log_prob = graph.region(sample.regions.log_prob);
        let dtype = match weight {
            Weight::Mask => DType::Bool,
            Weight::Scale => log_prob.ty(log_prob.outputs()[0]).dtype,
        };
        let known = shared.get(&dtype).copied().filter(|_| names.is_none());
        let given = match known {
            Some(given) => given,
            None => {
                let of = names.map(|_| site);
                let (name, dims) = match of {
                    Some(site) => (format!("{}/{}", site.name, weight.name()), sample.batch.clone()),
                    None if shared.is_empty() => (weight.name().to_string(), [].into_iter().collect()),
                    None => (format!("{} {dtype}", weight.name()), [].into_iter().collect()),
                };
                if taken.contains(&name.as_str()) {
                    return Err(PassError::Site {
                        site: site.name.clone(),
                        loc: node.loc.clone(),
                        found: format!("the program has a site `{name}` already"),
                        help: "give that one another value, or start from the program without it".into(),
                    });
                }
                let given = given_site(out, name, Ty::new(dtype, dims), weight);
                given.map_err(at("weigh", node, Some(&site.name)))?
            }
        };
        shared.insert(dtype, given);
        put_on(out, node, site, sample, operands, given, weight).map_err(at("weigh", node, Some(&site.name)))
    })?;
    Ok(out)
}

/// The site with the weight among its operands, joined with the one that it has.
fn put_on(
    out: &mut Graph,
    node: &Node,
    site: &Site,
    sample: &SampleSite,
    operands: &[Val],
    given: Val,
    weight: Weight,
) -> Result<Val, TypeError> {
    let (slots, mut operands) = (sample.slots(), operands.to_vec());
    let mut sample = sample.clone();
    let (known, before) = match weight {
        Weight::Mask => (slots.mask, [slots.within, slots.value, None]),
        Weight::Scale => (slots.scale, [slots.within, slots.value, slots.mask]),
    };
    match known {
        Some(slot) => {
            let own = out.convert(operands[slot], out.ty(given).dtype)?;
            let [own, given] =
                [out.broadcast_to(own, &sample.batch)?, out.broadcast_to(given, &sample.batch)?];
            operands[slot] = match weight {
                Weight::Mask => out.push(ops::And, &[own, given])?,
                Weight::Scale => out.push(ops::Mul, &[own, given])?,
            };
        }
        None => operands.insert(before.iter().flatten().count(), given),
    }
    match weight {
        Weight::Mask => sample.has_mask = true,
        Weight::Scale => sample.has_scale = true,
    }
    let kind = SiteKind::Sample(Box::new(sample));
    Ok(out.push_site(Site { kind, ..site.clone() }, node.ty.clone(), &operands))
}

/// A hidden site whose value every query takes; scales are tested where they become known.
fn given_site(out: &mut Graph, name: String, ty: Ty, weight: Weight) -> Result<Val, TypeError> {
    let of_value = |fill: &Ty, x: f64| {
        let mut region = Graph::new(Phase::Pure);
        region.input("value", Role::Argument, ty.clone());
        let filled = region.full(fill, x)?;
        region.set_outputs([filled]);
        Ok::<_, TypeError>(region)
    };
    let per_element = |dtype| Ty::new(dtype, ty.dims.iter().copied());
    let log_prob = of_value(&per_element(DType::F64), 0.0)?;
    let in_support = of_value(&per_element(DType::Bool), 1.0)?;
    let mut feasible = Graph::new(Phase::Pure);
    let one = feasible.full(&ty, 1.0)?;
    feasible.set_outputs([one]);
    let mut add = |region: Graph| out.add_region(Arc::new(region));
    let regions = SampleRegions {
        log_prob: add(log_prob),
        feasible: add(feasible),
        feasible_params: add(Graph::new(Phase::Pure)),
        in_support: add(in_support),
        valid_params: add(Graph::new(Phase::Pure)),
        draw: None,
        constrain: None,
        unconstrain: None,
        mean: None,
        weight: None,
    };
    let sample = SampleSite {
        distribution: "Given".into(),
        params: Vec::new(),
        support: "a value".into(),
        discrete: true,
        event_dim: 0,
        batch: ty.dims.clone(),
        distribution_batch: None,
        source: Source::Given { observed: true },
        within: false,
        has_mask: false,
        has_scale: false,
        no_rsample: false,
        infer: BTreeMap::new(),
        hidden: true,
        rng: Rng::None,
        regions,
    };
    let kind = SiteKind::Sample(Box::new(sample));
    let given = out.push_site(Site { name: name.clone(), frames: vec![], kind }, ty.clone(), &[]);
    if weight == Weight::Scale {
        let zero = out.full(&ty, 0.0)?;
        let holds = out.push(ops::Compare(ops::Comparison::Gt), &[given, zero])?;
        let kind =
            SiteKind::Check(CheckSite { subject: "the scale".into(), expected: "a positive number".into() });
        let check = Site { name: format!("check {name}"), frames: vec![], kind };
        out.push_site(check, per_element(DType::Bool), &[holds, given]);
    }
    Ok(given)
}
