//! Masks: where a mask is off, the log density is zero and nothing of the element reaches any gradient.

use std::sync::Arc;

use super::{Need, Pass, PassError, Query, at, rebuild};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Phase, Role, Val},
    ops,
    site::{SampleSite, Site, SiteKind},
    types::{Dims, Ty},
};

/// After it no site has a mask. Where it was off, the density is computed at a feasible value and at feasible
/// parameters, so that a NaN or an infinity there reaches neither the result nor a derivative.
pub struct ResolveMasks;

impl Pass for ResolveMasks {
    fn name(&self) -> &'static str {
        "resolve_masks"
    }

    fn applies(&self, query: Query) -> bool {
        query.wants_density()
    }

    fn need(&self) -> Need {
        Need::Required
    }

    fn finds(&self, graph: &Graph) -> bool {
        let masked = |site: &Site| matches!(&site.kind, SiteKind::Sample(sample) if sample.has_mask);
        graph.sites().any(|(_, site)| masked(site))
    }

    fn run(&self, graph: &Graph, query: Query) -> Result<Graph, PassError> {
        if graph.phase() == Phase::Pure {
            return Ok(graph.clone());
        }
        let mut out = Graph::with_regions_of(graph, Phase::Model);
        rebuild(graph, &mut out, |out, v, node, operands| match &node.kind {
            Kind::Site(site) => match &site.kind {
                SiteKind::Sample(sample) if sample.has_mask => {
                    guard(out, site, sample, query, &node.ty, operands)
                }
                _ => out.copy_node(graph, v, operands),
            }
            .map_err(at(self.name(), node, Some(&site.name))),
            _ => out.copy_node(graph, v, operands).map_err(at(self.name(), node, None)),
        })?;
        Ok(out)
    }
}

/// Moves the mask from the operands into the log density's region.
fn guard(
    out: &mut Graph,
    site: &Site,
    sample: &SampleSite,
    query: Query,
    ty: &Ty,
    operands: &[Val],
) -> Result<Val, TypeError> {
    let mut operands = operands.to_vec();
    let Some(slot) = sample.slots().mask else {
        return Ok(out.push_site(site.clone(), ty.clone(), &operands));
    };
    let mask = operands.remove(slot);
    let mut sample = SampleSite { has_mask: false, ..sample.clone() };
    let captures: Vec<Ty> = operands[sample.slots().captures..].iter().map(|v| out.ty(*v).clone()).collect();

    let regions = [sample.regions.log_prob, sample.regions.feasible, sample.regions.feasible_params];
    let [log_prob, feasible, feasible_params] = regions.map(|r| out.region(r).clone());
    let mut region = Graph::new(Phase::Pure);
    let value = region.input("value", Role::Argument, ty.clone());
    let mut args: Vec<Val> =
        captures.iter().map(|ty| region.input("capture", Role::Argument, ty.clone())).collect();
    let mask_in = region.input("mask", Role::Argument, out.ty(mask).clone());
    let mask_in = region.broadcast_to(mask_in, &sample.batch)?;

    let safe = region.inline(&feasible_params, &args[..feasible_params.inputs().len()])?;
    for (i, (info, safe)) in sample.params.iter().zip(safe).enumerate() {
        let on = mask_for(&mut region, mask_in, args[i], info.event_dim)?;
        args[i] = region.select(on, args[i], safe)?;
    }
    let inside = region.inline(&feasible, &args[..feasible.inputs().len()])?;
    let on = mask_for(&mut region, mask_in, value, sample.event_dim)?;
    let inside = region.broadcast_to(inside[0], &ty.dims)?;
    let value = region.select(on, value, inside)?;
    args.insert(0, value);
    let density = region.inline(&log_prob, &args[..log_prob.inputs().len()])?[0];
    let zero = region.full_like(density, 0.0)?;
    let density = region.select(mask_in, density, zero)?;
    region.set_outputs([density]);

    if query == Query::Trace {
        let density = Ty { dtype: region.ty(density).dtype, dims: sample.batch.clone() };
        let weight = weight(out, &sample, &captures, out.ty(mask), &density)?;
        sample.regions.weight = Some(out.add_region(Arc::new(weight)));
    }
    sample.regions.log_prob = out.add_region(Arc::new(region));
    operands.push(mask);
    let kind = SiteKind::Sample(Box::new(sample));
    Ok(out.push_site(Site { kind, ..site.clone() }, ty.clone(), &operands))
}

/// The region of the weight of each element, which is none where the mask, its last input, is off.
fn weight(
    out: &Graph,
    sample: &SampleSite,
    captures: &[Ty],
    mask: &Ty,
    density: &Ty,
) -> Result<Graph, TypeError> {
    let mut region = Graph::new(Phase::Pure);
    let args: Vec<Val> =
        captures.iter().map(|ty| region.input("capture", Role::Argument, ty.clone())).collect();
    let mask = region.input("mask", Role::Argument, mask.clone());
    let mask = region.broadcast_to(mask, &sample.batch)?;
    let weight = match sample.regions.weight.map(|id| out.region(id).clone()) {
        Some(before) => {
            let made = region.inline(&before, &args[..before.inputs().len()])?[0];
            region.broadcast_to(made, &sample.batch)?
        }
        None => region.full(density, 1.0)?,
    };
    let zero = region.full_like(weight, 0.0)?;
    let weight = region.select(mask, weight, zero)?;
    region.set_outputs([weight]);
    Ok(region)
}

/// The mask as it concerns `x`, in the dimensions of `x`: where `x` is shared between batch elements it is on if it is
/// on for any of them.
fn mask_for(region: &mut Graph, mask: Val, x: Val, event_dim: usize) -> Result<Val, TypeError> {
    let dims = region.ty(x).dims.clone();
    let batch_rank = dims.len() - event_dim.min(dims.len());
    let own: Dims = Dims::from_slice(&dims[..batch_rank]);
    let whole = region.ty(mask).dims.clone();
    let offset = whole.len() - own.len();
    let axes: Dims = (0..whole.len()).filter(|i| *i < offset || own[i - offset] != whole[*i]).collect();
    let off = region.not(mask)?;
    let all_off = region.push(ops::ReduceAnd { axes }, &[off])?;
    let any_on = region.not(all_off)?;
    let mut spread = own.clone();
    spread.extend((0..event_dim.min(dims.len())).map(|_| 1));
    let any_on = region.reshape(any_on, &spread)?;
    region.broadcast_to(any_on, &dims)
}
