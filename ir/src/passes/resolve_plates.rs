//! Plates: checks their use over the whole program and makes expansion and scale explicit.

use std::{collections::BTreeMap, sync::Arc};

use super::{Need, Pass, PassError, Query, at, rebuild};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Loc, Phase, Role, Val},
    ops,
    site::{CondIndepStackFrame, Indices, SampleSite, Site, SiteKind},
    types::Ty,
};

/// After it no site has plates around it: a log density has the whole batch's dimensions and carries every scale, and
/// a plate is its indices, or draws them.
pub struct ResolvePlates;

impl Pass for ResolvePlates {
    fn name(&self) -> &'static str {
        "resolve_plates"
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Required
    }

    fn finds(&self, graph: &Graph) -> bool {
        graph.sites().any(|(v, site)| match &site.kind {
            SiteKind::Plate(_) | SiteKind::ControlFlow(_) => true,
            SiteKind::Sample(sample) => {
                !site.frames.is_empty() || sample.has_scale || !is_whole(graph, v, sample)
            }
            _ => !site.frames.is_empty(),
        })
    }

    fn run(&self, graph: &Graph, query: Query) -> Result<Graph, PassError> {
        self.resolve(graph, query)
    }
}

impl ResolvePlates {
    fn resolve(&self, graph: &Graph, query: Query) -> Result<Graph, PassError> {
        if graph.phase() == Phase::Pure {
            return Ok(graph.clone());
        }
        check_names(graph)?;
        let mut out = Graph::with_regions_of(graph, Phase::Model);
        rebuild(graph, &mut out, |out, v, node, operands| {
            let Kind::Site(site) = &node.kind else {
                return out.copy_node(graph, v, operands).map_err(at(self.name(), node, None));
            };
            let err = at(self.name(), node, Some(&site.name));
            match &site.kind {
                SiteKind::Plate(plate) if plate.indices == Indices::All => {
                    indices(out, &plate.frame, &node.ty).map_err(err)
                }
                SiteKind::Plate(plate) if plate.indices == Indices::Operand => Ok(operands[0]),
                SiteKind::Sample(sample) => expand(out, site, sample, query, &node.ty, operands).map_err(err),
                SiteKind::ControlFlow(flow) => {
                    let flow = flow.map_regions(|id| {
                        let resolved = self.resolve(graph.region(id), query)?;
                        Ok::<_, PassError>(out.add_region(Arc::new(resolved)))
                    })?;
                    let site = Site { kind: SiteKind::ControlFlow(flow), ..(**site).clone() };
                    Ok(out.push_site_like(site, node, operands))
                }
                _ => {
                    Ok(out.push_site(Site { frames: vec![], ..(**site).clone() }, node.ty.clone(), operands))
                }
            }
        })?;
        Ok(out)
    }
}

/// Whether a site's value and its log density have all of the batch's dimensions.
fn is_whole(graph: &Graph, v: Val, sample: &SampleSite) -> bool {
    let given = sample.slots().value.map(|slot| graph.operands(v)[slot]);
    let density = graph.region(sample.regions.log_prob);
    given.is_none_or(|given| graph.ty(given).dims == graph.ty(v).dims)
        && density.outputs().iter().all(|o| density.ty(*o).dims == sample.batch)
}

/// A plate's name stands for one size and one dimension throughout the program.
fn check_names(graph: &Graph) -> Result<(), PassError> {
    let mut seen: BTreeMap<&str, (&CondIndepStackFrame, &str, &Option<Loc>)> = BTreeMap::new();
    for (v, site) in graph.sites() {
        let loc = &graph.node(v).loc;
        for frame in &site.frames {
            let (first, user, _) = *seen.entry(&frame.name).or_insert((frame, &site.name, loc));
            if (first.size, first.full_size, first.dim) != (frame.size, frame.full_size, frame.dim) {
                return Err(PassError::Site {
                    site: site.name.clone(),
                    loc: loc.clone(),
                    found: format!(
                        "plate `{}` has size {} at dim {} here, but size {} at dim {} around site `{user}`",
                        frame.name, frame.size, frame.dim, first.size, first.dim
                    ),
                    help: "give the two plates different names, or the same size and dim".into(),
                });
            }
        }
    }
    Ok(())
}

fn indices(out: &mut Graph, frame: &CondIndepStackFrame, ty: &Ty) -> Result<Val, TypeError> {
    let dims = [frame.size].into_iter().collect();
    out.push(ops::Iota { dtype: ty.dtype, dims, axis: 0 }, &[])
}

/// Broadcasts the value and the log density to the batch, and multiplies the latter by the scale and by
/// `full_size / size` of each plate, unless the query leaves scales out.
fn expand(
    out: &mut Graph,
    site: &Site,
    sample: &SampleSite,
    query: Query,
    ty: &Ty,
    operands: &[Val],
) -> Result<Val, TypeError> {
    let slots = sample.slots();
    let mut operands = operands.to_vec();
    if let Some(slot) = slots.value {
        operands[slot] = out.broadcast_to(operands[slot], &ty.dims)?;
    }
    let scale = slots.scale.map(|slot| operands.remove(slot));
    let mut sample = SampleSite { has_scale: false, ..sample.clone() };
    let captures: Vec<Ty> = operands[sample.slots().captures..].iter().map(|v| out.ty(*v).clone()).collect();

    let old = out.region(sample.regions.log_prob).clone();
    let mut region = Graph::new(Phase::Pure);
    let value = region.input("value", Role::Argument, ty.clone());
    let mut args = vec![value];
    args.extend(captures.iter().map(|ty| region.input("capture", Role::Argument, ty.clone())));
    let log_prob = region.inline(&old, &args[..old.inputs().len()])?;
    let log_prob = region.broadcast_to(log_prob[0], &sample.batch)?;
    let plates: f64 = site.frames.iter().map(|f| f.full_size as f64 / f.size as f64).product();
    let scaled = query != Query::LogLikelihood;
    let plates = if scaled { plates } else { 1.0 };
    let scale = scale.filter(|_| scaled);
    let scale_ty = scale.map(|scale| out.ty(scale).clone());
    let density = weighted(&mut region, log_prob, plates, scale_ty.as_ref(), &sample.batch)?;
    region.set_outputs([density]);
    if query == Query::Trace && (plates != 1.0 || scale.is_some()) {
        let mut weight = Graph::new(Phase::Pure);
        captures.iter().for_each(|ty| _ = weight.input("capture", Role::Argument, ty.clone()));
        let one = Ty { dtype: region.ty(log_prob).dtype, dims: sample.batch.clone() };
        let one = weight.full(&one, 1.0)?;
        let factor = weighted(&mut weight, one, plates, scale_ty.as_ref(), &sample.batch)?;
        weight.set_outputs([factor]);
        sample.regions.weight = Some(out.add_region(Arc::new(weight)));
    }
    operands.extend(scale);
    sample.regions.log_prob = out.add_region(Arc::new(region));
    let kind = SiteKind::Sample(Box::new(sample));
    Ok(out.push_site(Site { name: site.name.clone(), frames: vec![], kind }, ty.clone(), &operands))
}

/// In a region, `x` times what plates and a scale, which becomes the next input, make of it.
fn weighted(
    region: &mut Graph,
    mut x: Val,
    plates: f64,
    scale: Option<&Ty>,
    batch: &[usize],
) -> Result<Val, TypeError> {
    if plates != 1.0 {
        let factor = region.full_like(x, plates)?;
        x = region.mul(x, factor)?;
    }
    if let Some(scale) = scale {
        let factor = region.input("scale", Role::Argument, scale.clone());
        let factor = region.broadcast_to(factor, batch)?;
        x = region.mul(x, factor)?;
    }
    Ok(x)
}
