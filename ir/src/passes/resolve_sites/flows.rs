//! Control flow in a program: what the query gives the sites inside, before the loop or choice itself is resolved.

use super::{
    super::control_flow::{self, Inside, Unresolved},
    Resolver,
};
use crate::{
    graph::{Node, Role, Val},
    passes::{PassError, at},
    site::{ControlFlowSite, SiteKind, Source},
};

impl Resolver<'_> {
    /// Resolves a control flow with what the query gives the sites inside; its first result.
    pub(super) fn control_flow(
        &mut self,
        v: Val,
        node: &Node,
        flow: &ControlFlowSite,
        operands: &[Val],
    ) -> Result<Val, PassError> {
        let (graph, err) = (self.graph, at("resolve_sites", node, None));
        let seed = operands.first().copied().filter(|_| flow.rng.has_key());
        let key = self.split(flow.rng, seed).map_err(&err)?;
        let sites = control_flow::sites_within(graph, v);
        if !self.nested {
            self.site_inputs(v, sites.last().map_or(v, |(last, ..)| *last));
        }
        let mut inside = Vec::new();
        for (p, k, sample) in &sites {
            let at_position = !self.nested && sample.is_latent() && self.query.takes_position();
            match self.given.get(p) {
                Some(given) => inside.push((*k, *given)),
                None if at_position => {
                    let (Some(site), node) = (graph.site(*p), graph.node(*p)) else { continue };
                    inside.push((*k, Inside::Coordinates(self.read(*p, node, site, sample)?)));
                }
                None => {}
            }
        }
        let flow = Unresolved {
            graph,
            node,
            flow,
            query: self.query,
            operands: operands[flow.first()..].iter().map(|v| Some(*v)).collect(),
            key,
            unknown: self.unknown,
            inside,
            wanted: control_flow::wanted(graph, v, self.query),
        };
        let results = control_flow::resolve(&mut self.out, flow)?;
        let mut made = Vec::with_capacity(results.len());
        for (result, ty) in results.into_iter().zip(node.results()) {
            // What nobody reads needs a value all the same.
            made.push(result.map_or_else(|| self.out.full(ty, 0.0), Ok).map_err(&err)?);
        }
        let first = made[0];
        self.results.insert(v, made);
        Ok(first)
    }

    /// Adds the inputs of all sites from `from` to `to` that the query takes values for, in program order: a control flow
    /// reads those of sites that come after it.
    fn site_inputs(&mut self, from: Val, to: Val) {
        let graph = self.graph;
        for v in (from.index()..=to.index()).map(Val::from_index) {
            let Some(site) = graph.site(v) else { continue };
            let SiteKind::Sample(sample) = &site.kind else { continue };
            let asked = self.query.takes_values() && sample.is_latent();
            if (asked || matches!(sample.source, Source::Given { .. })) && !self.given.contains_key(&v) {
                let value = self.out.input(site.name.clone(), Role::Site, graph.ty(v).clone());
                self.given.insert(v, Inside::Value(value));
            }
        }
    }
}
