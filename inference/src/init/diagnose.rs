//! Which sites are to blame for a log density or gradient that is not finite: the model evaluated site by site.

use std::collections::BTreeMap;

use pyroxene_frontend::{Array, Bound, Loc};
use pyroxene_ir::{
    Graph, Kind, Node, RegionId, SampleSite, Site, SiteKind, Source, Val, eval,
    passes::{Pass, Query, ResolveMasks, ResolvePlates},
    shape,
};

use super::cause::{Cause, Problem, Short};

/// The sites whose log density, or transform's log determinant, is not finite at `position`; if there are none, those
/// with a component of `gradient` that is not.
///
/// The interpreter serves for this, so nothing is compiled. A program it cannot evaluate site by site (one with a
/// site that is drawn within) leaves the gradient to tell.
pub(super) fn causes(bound: &Bound, position: &[f64], gradient: &[f64]) -> Vec<Cause> {
    let found = sites(bound, position).unwrap_or_default();
    if found.is_empty() { by_gradient(bound, position, gradient) } else { found }
}

fn by_gradient(bound: &Bound, position: &[f64], gradient: &[f64]) -> Vec<Cause> {
    let operation = bound.explain(position).ok().flatten().and_then(|found| found.origin.loc);
    let graph = bound.program().graph();
    let causes = bound.program().layout().into_iter().filter_map(|site| {
        let part = gradient.get(site.offset..site.offset + site.unconstrained.len())?;
        let problem = Problem::Gradient { operation: operation.clone() };
        cause(&site.name, &graph.node(site.val).loc, problem, part, &site.unconstrained.dims)
    });
    causes.collect()
}

/// The cause for an array of numbers of which some are not finite.
fn cause(site: &str, loc: &Option<Loc>, problem: Problem, numbers: &[f64], dims: &[usize]) -> Option<Cause> {
    let first = numbers.iter().position(|x| !x.is_finite())?;
    Some(Cause {
        site: site.to_string(),
        loc: loc.clone(),
        problem,
        found: numbers[first],
        index: shape::unravel(first, dims).to_vec(),
        count: numbers.iter().filter(|x| !x.is_finite()).count(),
        of: numbers.len(),
    })
}

/// Walks the model at `position` and collects the sites with a density that is not finite.
fn sites(bound: &Bound, position: &[f64]) -> Option<Vec<Cause>> {
    let program = bound.program();
    let query = Query::PotentialAndGradient;
    let graph = ResolvePlates.run(program.graph(), query).ok()?;
    let graph = ResolveMasks.run(&graph, query).ok()?;
    let starts = program.layout().into_iter().map(|c| (c.name, c.offset)).collect();
    let masked = program.graph().sites().filter(|(_, site)| is_masked(site));
    let masked = masked.map(|(_, site)| site.name.clone()).collect();
    let mut walk = Walk { bound, graph: &graph, position, starts, masked, causes: Vec::new() };
    let mut values: Vec<Array> = Vec::with_capacity(graph.len());
    let mut further: BTreeMap<Val, Vec<Array>> = BTreeMap::new();
    let mut data = bound.data().iter();
    for v in graph.vals() {
        let node = graph.node(v);
        let operands = graph.operands(v);
        let operands: Vec<&Array> = operands.iter().map(|o| &values[o.index()]).collect();
        let value = match &node.kind {
            Kind::Input(_) => data.next()?.clone(),
            Kind::Pure(op) => {
                let mut results =
                    op.eval(&operands, &node.results().cloned().collect::<Vec<_>>()).into_iter();
                let first = results.next()?;
                further.insert(v, results.collect());
                first
            }
            Kind::Part(i) => further.get(&graph.operands(v)[0])?.get(*i as usize - 1)?.clone(),
            Kind::Site(site) => match &site.kind {
                SiteKind::Sample(sample) => walk.sample(v, node, site, sample, &operands)?,
                // What goes on inside is known to the passes alone.
                SiteKind::ControlFlow(_) => return None,
                _ => (*operands.first()?).clone(),
            },
        };
        values.push(value);
    }
    Some(walk.causes)
}

fn is_masked(site: &Site) -> bool {
    matches!(&site.kind, SiteKind::Sample(sample) if sample.has_mask)
}

struct Walk<'a> {
    bound: &'a Bound,
    graph: &'a Graph,
    position: &'a [f64],
    /// Where each latent site's coordinates begin.
    starts: BTreeMap<String, usize>,
    /// The sites with a mask: what is out of its domain there may be masked.
    masked: Vec<String>,
    causes: Vec<Cause>,
}

impl Walk<'_> {
    /// The site's value. Its density, if that is not finite, joins the causes.
    fn sample(
        &mut self,
        v: Val,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        operands: &[&Array],
    ) -> Option<Array> {
        let slots = sample.slots();
        let captures = operands.get(slots.captures..)?;
        let value = match (sample.source, slots.value) {
            (Source::Operand { .. }, Some(slot)) => (*operands.get(slot)?).clone(),
            (Source::Given { .. }, _) => {
                self.bound.given_values().iter().find(|(name, _)| *name == site.name)?.1.clone()
            }
            _ if sample.hidden => return None,
            _ => self.constrain(node, site, sample, captures)?,
        };
        if !sample.hidden {
            let log_prob = self.region(sample.regions.log_prob, Some(&value), captures)?.swap_remove(0);
            let numbers = log_prob.to_f64_vec();
            if let Some(first) = numbers.iter().position(|x| !x.is_finite()) {
                let at = value.to_f64_vec().get(first * (value.len() / numbers.len().max(1)).max(1)).copied();
                let reason = self.reason(site, sample, &value, captures);
                let problem = Problem::LogDensity { value: at, reason };
                self.causes.extend(cause(&site.name, &node.loc, problem, &numbers, log_prob.dims()));
            }
        }
        debug_assert_eq!(value.ty(), *self.graph.ty(v));
        Some(value)
    }

    /// A latent site's value from its coordinates.
    fn constrain(
        &mut self,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        captures: &[&Array],
    ) -> Option<Array> {
        let id = sample.regions.constrain?;
        let region = self.graph.region(id);
        let ty = region.ty(*region.inputs().first()?);
        let start = *self.starts.get(&site.name)?;
        let part = self.position.get(start..start + ty.len())?;
        let u = Array::from(part).convert(ty.dtype).reshape(ty.dims.iter().copied()).ok()?;
        let constrained = self.region(id, Some(&u), captures)?;
        let [value, log_det] = &constrained[..] else { return None };
        let numbers = log_det.to_f64_vec();
        self.causes.extend(cause(&site.name, &node.loc, Problem::Jacobian, &numbers, log_det.dims()));
        Some(value.clone())
    }

    /// A region's outputs for the leading argument, if any, and as many captures as it takes.
    fn region(&self, id: RegionId, leading: Option<&Array>, captures: &[&Array]) -> Option<Vec<Array>> {
        let region = self.graph.region(id);
        let args: Vec<Array> = leading.into_iter().chain(captures.iter().copied()).cloned().collect();
        eval::eval(region, args.get(..region.inputs().len())?).ok()
    }

    /// The parameter that is outside its domain, or the support that the value is outside of.
    fn reason(&self, site: &Site, sample: &SampleSite, value: &Array, captures: &[&Array]) -> Option<String> {
        if self.masked.contains(&site.name) {
            return None;
        }
        let valid = self.region(sample.regions.valid_params, None, captures)?;
        for ((info, valid), param) in sample.params.iter().zip(&valid).zip(captures) {
            if let Some((at, found)) = first_false(valid, param) {
                let (name, expected) = (&info.name, &info.constraint);
                return Some(format!("parameter `{name}` is {}{at}, expected {expected}", Short(found)));
            }
        }
        let inside = self.region(sample.regions.in_support, Some(value), captures)?;
        let (at, found) = first_false(inside.first()?, value)?;
        Some(format!("the value is {}{at}, expected {}", Short(found), sample.support))
    }
}

/// The first element of `tested` whose condition fails: ` at index [..]`, and its value.
fn first_false(holds: &Array, tested: &Array) -> Option<(String, f64)> {
    let first = holds.as_slice::<bool>()?.iter().position(|holds| !holds)?;
    // A condition on events has fewer elements than what it tests: show the event's first one.
    let stride = (tested.len() / holds.len().max(1)).max(1);
    let index = shape::unravel(first, holds.dims());
    let at = if index.is_empty() { String::new() } else { format!(" at index {:?}", index.as_slice()) };
    Some((at, tested.to_f64_vec().get(first * stride).copied()?))
}
