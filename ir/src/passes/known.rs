//! The part of a program that depends on no latent value: what data, and values given to sites, decide alone.

use std::collections::BTreeMap;

use super::{
    PassError, Query, at,
    control_flow::{self, Inside, Unresolved},
};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Node, Phase, Role, Val},
    ops::Iota,
    site::{ControlFlowSite, Indices, SiteKind, Source},
    types::{DType, Dims, Ty},
};

/// Copies into a pure graph every value that is known without the latent sites, as far as it is asked to.
pub(super) struct Known<'a> {
    pub(super) graph: &'a Graph,
    /// Takes the program's inputs, then the values given to its sites in program order.
    pub(super) out: Graph,
    map: Vec<Option<Val>>,
    /// Unconstrained coordinates of sites within control flows, where somebody knows them.
    pub(super) coordinates: BTreeMap<Val, Val>,
    /// The results of control flows.
    results: BTreeMap<Val, Vec<Option<Val>>>,
}

impl<'a> Known<'a> {
    /// The inputs of `graph` and of its given sites.
    pub(super) fn of(graph: &'a Graph) -> Result<Known<'a>, PassError> {
        let (coordinates, results) = (BTreeMap::new(), BTreeMap::new());
        let (out, map) = (Graph::new(Phase::Pure), vec![None; graph.len()]);
        let mut known = Known { graph, out, map, coordinates, results };
        for v in graph.inputs() {
            let copied = known.out.copy_node(graph, *v, &[]);
            known.map[v.index()] = Some(copied.map_err(at("known", graph.node(*v), None))?);
        }
        for (v, site) in graph.sites() {
            if let SiteKind::Sample(sample) = &site.kind
                && matches!(sample.source, Source::Given { .. })
            {
                let value = known.out.input(site.name.clone(), Role::Site, graph.ty(v).clone());
                known.map[v.index()] = Some(value);
            }
        }
        Ok(known)
    }

    /// The value, if it is known.
    pub(super) fn value(&self, v: Val) -> Option<Val> {
        self.map[v.index()]
    }

    /// Makes a latent site's node known, after it was visited.
    pub(super) fn set(&mut self, v: Val, value: Option<Val>) {
        self.map[v.index()] = value;
    }

    /// Works out whether node `v` is known, after all before it; returns its operands as far as they are.
    pub(super) fn visit(&mut self, v: Val) -> Result<Vec<Option<Val>>, PassError> {
        let node = self.graph.node(v);
        let operands: Vec<Option<Val>> = self.graph.operands(v).iter().map(|o| self.value(*o)).collect();
        self.out.set_loc(node.loc.clone());
        let made = match &node.kind {
            Kind::Input(_) => return Ok(operands),
            Kind::Part(i) if self.results.contains_key(&self.graph.origin(v).0) => {
                self.results[&self.graph.origin(v).0][*i as usize]
            }
            Kind::Pure(_) | Kind::Part(_) => match operands.iter().copied().collect::<Option<Vec<Val>>>() {
                Some(all) => Some(self.out.copy_node(self.graph, v, &all).map_err(at("known", node, None))?),
                None => None,
            },
            Kind::Site(site) => {
                if let SiteKind::ControlFlow(flow) = &site.kind {
                    let results = self.control_flow(v, node, flow, &operands)?;
                    self.map[v.index()] = results[0];
                    self.results.insert(v, results);
                    return Ok(operands);
                }
                let made = self.site(v, &site.kind, &operands);
                made.map_err(at("known", node, Some(&site.name)))?
            }
        };
        self.map[v.index()] = made;
        Ok(operands)
    }

    fn site(&mut self, v: Val, kind: &SiteKind, operands: &[Option<Val>]) -> Result<Option<Val>, TypeError> {
        let ty = self.graph.ty(v);
        match kind {
            SiteKind::Sample(sample) => match (sample.source, sample.slots().value.and_then(|s| operands[s]))
            {
                (Source::Operand { .. }, Some(value)) => self.out.broadcast_to(value, &ty.dims).map(Some),
                (Source::Given { .. }, _) => Ok(self.value(v)),
                _ => Ok(sample.slots().within.and_then(|slot| operands[slot])),
            },
            SiteKind::Plate(plate) => match plate.indices {
                Indices::All => {
                    let dims = Dims::from_slice(&[plate.frame.size]);
                    self.out.push(Iota { dtype: ty.dtype, dims, axis: 0 }, &[]).map(Some)
                }
                Indices::Operand => Ok(operands.first().copied().flatten()),
                Indices::Drawn { .. } | Indices::Given { .. } => Ok(None),
            },
            SiteKind::Param(param) if param.given => Ok(None),
            SiteKind::Key(_) => Ok(None),
            SiteKind::Deterministic | SiteKind::Param(_) | SiteKind::Mutable(_) | SiteKind::Check(_) => {
                Ok(operands.first().copied().flatten())
            }
            SiteKind::ControlFlow(_) => Ok(None),
        }
    }

    /// The results of a control flow, as far as they are known.
    fn control_flow(
        &mut self,
        v: Val,
        node: &Node,
        flow: &ControlFlowSite,
        operands: &[Option<Val>],
    ) -> Result<Vec<Option<Val>>, PassError> {
        let mut inside = Vec::new();
        for (p, k, _) in control_flow::sites_within(self.graph, v) {
            let coordinates = self.coordinates.get(&p).map(|u| Inside::Coordinates(*u));
            inside.extend(self.value(p).map(Inside::Value).or(coordinates).map(|given| (k, given)));
        }
        let unknown = self.out.full(&Ty::scalar(DType::F64), 0.0).map_err(at("known", node, None))?;
        let flow = Unresolved {
            graph: self.graph,
            node,
            flow,
            query: Query::Evaluate,
            operands: operands[flow.first()..].to_vec(),
            key: None,
            unknown: Some(unknown),
            inside,
            wanted: vec![true; node.results().count()],
        };
        control_flow::resolve(&mut self.out, flow)
    }

    /// Output `i` of a region, if what it needs is known: other arguments may depend on latent values.
    pub(super) fn inline(
        &mut self,
        region: &Graph,
        args: &[Option<Val>],
        i: usize,
    ) -> Result<Option<Val>, TypeError> {
        let needs = region.reachable(&region.outputs()[i..=i]);
        let mut known = Vec::with_capacity(region.inputs().len());
        for (input, arg) in region.inputs().iter().zip(args) {
            match (needs[input.index()], arg) {
                (_, Some(arg)) => known.push(*arg),
                (false, None) => known.push(self.out.full(region.ty(*input), 0.0)?),
                (true, None) => return Ok(None),
            }
        }
        Ok(Some(self.out.inline(region, &known)?[i]))
    }
}

/// Values of a program's sites that data, and values given to sites, decide alone.
#[derive(Clone, Debug)]
pub struct SiteValues {
    /// Takes the program's data, then the values given to its sites in program order; returns a value for each site.
    pub graph: Graph,
    /// The sites, in program order.
    pub sites: Vec<Val>,
}

/// Collects the values of the sites that are `wanted`; `unknown` says whether one that has none is an error.
pub(super) fn site_values(
    graph: &Graph,
    wanted: impl Fn(&SiteKind) -> bool,
    unknown: impl Fn(Val) -> Result<(), PassError>,
) -> Result<SiteValues, PassError> {
    let mut known = Known::of(graph)?;
    let (mut sites, mut outputs) = (Vec::new(), Vec::new());
    for v in graph.vals() {
        known.visit(v)?;
        if !graph.site(v).is_some_and(|site| wanted(&site.kind)) {
            continue;
        }
        match known.value(v) {
            Some(value) => {
                sites.push(v);
                outputs.push(value);
            }
            None => unknown(v)?,
        }
    }
    let mut graph = known.out;
    graph.set_outputs(outputs);
    Ok(SiteValues { graph, sites })
}
