//! What a query that traces a program returns of each site, in the order that `passes::traced` lists.

use super::Resolver;
use crate::{
    graph::{Node, Val},
    passes::{PassError, at},
    site::{ParamSite, SampleSite, Site},
};

impl Resolver<'_> {
    /// The site's value, its log density and weight by element, and its distribution's parameters.
    pub(super) fn trace_sample(
        &mut self,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        value: Val,
        operands: &[Val],
    ) -> Result<(), PassError> {
        if sample.hidden {
            return Ok(());
        }
        let err = at("resolve_sites", node, Some(&site.name));
        let captures = &operands[sample.slots().captures..];
        let region = self.graph.region(sample.regions.log_prob).clone();
        let args: Vec<Val> = std::iter::once(value).chain(captures.iter().copied()).collect();
        let density = self.out.inline(&region, &args[..region.inputs().len()]).map_err(&err)?[0];
        let density = self.out.broadcast_to(density, &sample.batch).map_err(&err)?;
        let weight = match sample.regions.weight {
            Some(id) => {
                let region = self.graph.region(id).clone();
                let made = self.out.inline(&region, &captures[..region.inputs().len()]).map_err(&err)?[0];
                self.out.broadcast_to(made, &sample.batch)
            }
            None => self.out.full_like(density, 1.0),
        };
        self.values.extend([value, density, weight.map_err(&err)?]);
        self.values.extend(&captures[..sample.params.len()]);
        Ok(())
    }

    /// The parameter's value, the same on unconstrained space where it has a bijection, and what the bijection reads.
    pub(super) fn trace_param(
        &mut self,
        node: &Node,
        site: &Site,
        param: &ParamSite,
        value: Val,
        captures: &[Val],
    ) -> Result<(), PassError> {
        self.values.push(value);
        let Some(id) = param.unconstrain else { return Ok(()) };
        let region = self.graph.region(id).clone();
        let args: Vec<Val> = std::iter::once(value).chain(captures.iter().copied()).collect();
        let made = self.out.inline(&region, &args[..region.inputs().len()]);
        self.values.extend(made.map_err(at("resolve_sites", node, Some(&site.name)))?);
        self.values.extend(captures);
        Ok(())
    }
}
