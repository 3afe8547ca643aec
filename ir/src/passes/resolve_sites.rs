//! Sites: answers a query by giving each site its value and inlining the regions the query needs; the result is pure.

mod flows;
mod traced;

use std::collections::BTreeMap;

use super::{Need, Pass, PassError, Query, at, control_flow::Inside, layout};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Node, Phase, Role, Val},
    ops,
    site::{Indices, Rng, SampleSite, Site, SiteKind, Source},
    threefry,
    types::{DType, Dims, Ty},
};

/// Replaces every site by tensor arithmetic.
pub struct ResolveSites;

impl Pass for ResolveSites {
    fn name(&self) -> &'static str {
        "resolve_sites"
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Required
    }

    fn run(&self, graph: &Graph, query: Query) -> Result<Graph, PassError> {
        if graph.phase() == Phase::Pure {
            return Ok(graph.clone());
        }
        let mut resolver = Resolver::new(graph, query)?;
        for v in graph.vals() {
            resolver.node(v)?;
        }
        resolver.finish()
    }
}

pub(super) struct Resolver<'a> {
    graph: &'a Graph,
    query: Query,
    pub(super) out: Graph,
    pub(super) map: Vec<Val>,
    /// Values, or coordinates, given to sites.
    pub(super) given: BTreeMap<Val, Inside>,
    /// The results of control flows.
    results: BTreeMap<Val, Vec<Val>>,
    /// Whether the graph is a region of a control flow, which makes values alone.
    nested: bool,
    /// There, where not all is known: a scalar that stands for what is not.
    pub(super) unknown: Option<Val>,
    /// The unconstrained coordinates of all latent sites, and where each site's begin.
    position: Option<Val>,
    offsets: BTreeMap<Val, usize>,
    /// The key of the program (`None`) and of each seed, as the splits so far have left it.
    pub(super) keys: BTreeMap<Option<u32>, Val>,
    density: Option<Val>,
    /// What the query returns of each site, in program order.
    values: Vec<Val>,
    /// Unconstrained values of latent sites, in program order.
    coordinates: Vec<Val>,
    /// The state of each mutable site so far, in the order of their first reading.
    states: Vec<(String, Val)>,
}

impl<'a> Resolver<'a> {
    fn new(graph: &'a Graph, query: Query) -> Result<Resolver<'a>, PassError> {
        let mut resolver = Resolver { nested: false, ..Resolver::inside(graph, query) };
        for v in graph.inputs() {
            let node = graph.node(*v);
            let copied = resolver.out.copy_node(graph, *v, &[]);
            resolver.map[v.index()] = copied.map_err(at("resolve_sites", node, None))?;
        }
        if query.takes_position() {
            let sites = layout(graph);
            let len = sites.iter().map(|s| s.unconstrained.len()).sum();
            resolver.offsets = sites.iter().map(|s| (s.val, s.offset)).collect();
            // Doubles, whatever the sites' element types, which may differ: samplers compute in doubles.
            let position = resolver.out.input("position", Role::Position, Ty::new(DType::F64, [len]));
            resolver.position = Some(position);
        }
        if query.takes_key() {
            resolver.keys.insert(None, resolver.out.input("rng_key", Role::Key, Ty::new(DType::U32, [2])));
        }
        Ok(resolver)
    }

    /// For a region of a control flow: whoever makes it binds the region's inputs.
    pub(super) fn inside(graph: &'a Graph, query: Query) -> Resolver<'a> {
        Resolver {
            graph,
            query,
            out: Graph::new(Phase::Pure),
            map: vec![Val::from_index(0); graph.len()],
            given: BTreeMap::new(),
            results: BTreeMap::new(),
            nested: true,
            unknown: None,
            position: None,
            offsets: BTreeMap::new(),
            keys: BTreeMap::new(),
            density: None,
            values: Vec::new(),
            coordinates: Vec::new(),
            states: Vec::new(),
        }
    }

    pub(super) fn node(&mut self, v: Val) -> Result<(), PassError> {
        let graph = self.graph;
        let node = graph.node(v);
        let operands: Vec<Val> = graph.operands(v).iter().map(|o| self.map[o.index()]).collect();
        self.out.set_loc(node.loc.clone());
        let new = match &node.kind {
            Kind::Input(_) => return Ok(()),
            Kind::Pure(_) | Kind::Part(_) => match (&node.kind, self.results.get(&graph.origin(v).0)) {
                (Kind::Part(i), Some(results)) => results[*i as usize],
                _ => self.out.copy_node(graph, v, &operands).map_err(at("resolve_sites", node, None))?,
            },
            Kind::Site(site) => self.site(v, node, site, &operands)?,
        };
        self.map[v.index()] = new;
        Ok(())
    }

    fn site(&mut self, v: Val, node: &Node, site: &Site, operands: &[Val]) -> Result<Val, PassError> {
        match &site.kind {
            SiteKind::Sample(sample) => {
                let value = self.value(v, node, site, sample, operands)?;
                if !self.nested && self.query == Query::Trace {
                    self.trace_sample(node, site, sample, value, operands)?;
                } else if !self.nested && self.query.asks_for(sample) {
                    let captures = &operands[sample.slots().captures..];
                    let err = at("resolve_sites", node, Some(&site.name));
                    self.add_density(sample, value, captures).map_err(err)?;
                }
                if !self.nested && self.query.returns(site) {
                    self.values.push(value);
                }
                Ok(value)
            }
            SiteKind::Param(param) => {
                let value = if param.given { self.site_input(v, node, site) } else { operands[0] };
                if self.query == Query::Trace {
                    self.trace_param(node, site, param, value, &operands[1..])?;
                } else if self.query.returns(site) {
                    self.values.push(value);
                }
                Ok(value)
            }
            SiteKind::Deterministic | SiteKind::Check(_) => {
                if self.query.returns(site) {
                    self.values.push(operands[0]);
                }
                Ok(operands[0])
            }
            SiteKind::ControlFlow(flow) => self.control_flow(v, node, flow, operands),
            SiteKind::Mutable(mutable) => Ok(self.state(node, site, mutable.update, operands[0])),
            // What is drawn inside a control flow is known to nobody who has no key.
            SiteKind::Key(_) | SiteKind::Plate(_) if self.unknown.is_some() => self.unknown_value(node, site),
            SiteKind::Key(key) => {
                self.key(key.rng, operands).map_err(at("resolve_sites", node, Some(&site.name)))
            }
            SiteKind::Plate(plate) => match plate.indices {
                Indices::Drawn { .. } | Indices::Given { .. } => {
                    let indices = self.indices(v, node, site, plate.indices, operands)?;
                    if !self.nested && self.query == Query::Trace {
                        self.values.push(indices);
                    }
                    Ok(indices)
                }
                Indices::All | Indices::Operand => Err(PassError::Site {
                    site: site.name.clone(),
                    loc: node.loc.clone(),
                    found: "the plate is unresolved".into(),
                    help: "run `resolve_plates` first".into(),
                }),
            },
        }
    }

    /// The state that the last run has left, which only draws thread from run to run; else the initial one.
    fn state(&mut self, node: &Node, site: &Site, update: bool, operand: Val) -> Val {
        let known = self.states.iter_mut().find(|(name, _)| *name == site.name);
        match known {
            Some((_, state)) if update => *state = operand,
            _ if update => {}
            Some((_, state)) => return *state,
            None => {
                let state = match self.query {
                    query if query.takes_states() => {
                        self.out.input(site.name.clone(), Role::Site, node.ty.clone())
                    }
                    _ => operand,
                };
                self.states.push((site.name.clone(), state));
                return state;
            }
        }
        operand
    }

    /// A key for the model. Queries without one give a constant, as NumPyro's potential does: what it decides, such as a
    /// dropout mask, is then the same at every position.
    fn key(&mut self, rng: Rng, operands: &[Val]) -> Result<Val, TypeError> {
        match self.split(rng, operands.first().copied())? {
            Some(key) => Ok(key),
            None => self.out.constant(threefry::key_from_seed(0)),
        }
    }

    /// The indices of a plate that subsamples.
    fn indices(
        &mut self,
        v: Val,
        node: &Node,
        site: &Site,
        indices: Indices,
        operands: &[Val],
    ) -> Result<Val, PassError> {
        let err = at("resolve_sites", node, Some(&site.name));
        let (rng, draw) = match indices {
            Indices::Drawn { rng, draw } => (rng, Some(draw)),
            Indices::Given { rng } => (rng, None),
            Indices::All | Indices::Operand => (Rng::None, None),
        };
        let key = self.split(rng, operands.first().copied()).map_err(&err)?;
        let Some(draw) = draw else { return Ok(self.site_input(v, node, site)) };
        let Some(key) = key else {
            return Err(PassError::Site {
                site: site.name.clone(),
                loc: node.loc.clone(),
                found: "the plate draws a subsample, and this query has no random key".into(),
                help: "HMC and NUTS do not support subsampling: use SVI, wrap the model in `seed`, or give the indices \
                       with `.subsample(indices)` or `substitute`"
                    .into(),
            });
        };
        let region = self.graph.region(draw).clone();
        Ok(self.out.inline(&region, &[key]).map_err(err)?[0])
    }

    /// The site's value: given, observed, drawn, or read from the position.
    fn value(
        &mut self,
        v: Val,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        operands: &[Val],
    ) -> Result<Val, PassError> {
        let err = at("resolve_sites", node, Some(&site.name));
        let slots = sample.slots();
        // A seed inside the program reserves its split whether or not this query draws the site.
        let key = self.split(sample.rng, slots.key.map(|s| operands[s])).map_err(&err)?;
        let captures = &operands[slots.captures..];
        match (sample.source, slots.value, self.given.get(&v).copied()) {
            // The control flow has read what was given, and made the value of it.
            (Source::Latent | Source::Given { .. }, ..) if sample.within => {}
            (_, _, Some(Inside::Value(value))) => return Ok(value),
            (_, _, Some(Inside::Coordinates(u))) => {
                return Ok(self.constrained(node, site, sample, u, captures)?[0]);
            }
            (Source::Operand { .. }, Some(slot), _) => return Ok(operands[slot]),
            (Source::Given { .. }, ..) => return Ok(self.site_input(v, node, site)),
            _ => {}
        }
        let mut log_det = None;
        let value = match (self.query, slots.within) {
            (query, Some(slot)) => {
                if query.wants_density() && query.takes_position() && sample.is_latent() && !self.nested {
                    let u = self.read(v, node, site, sample)?;
                    log_det = Some(self.constrained(node, site, sample, u, captures)?[1]);
                }
                operands[slot]
            }
            _ if self.unknown.is_some() => self.unknown_value(node, site)?,
            _ if self.nested || sample.hidden => self.draw(node, site, sample, key, captures)?,
            (Query::Evaluate | Query::Function | Query::Draws | Query::Predictive | Query::Trace, _) => {
                self.draw(node, site, sample, key, captures)?
            }
            (Query::Potential | Query::PotentialAndGradient | Query::Constrain, _) => {
                let u = self.read(v, node, site, sample)?;
                let made = self.constrained(node, site, sample, u, captures)?;
                log_det = Some(made[1]);
                made[0]
            }
            (Query::LogDensity | Query::Unconstrain | Query::LogProbs | Query::LogLikelihood, _) => {
                self.site_input(v, node, site)
            }
        };
        if self.nested {
            return Ok(value);
        }
        if let Some(log_det) = log_det.filter(|_| self.query.wants_density()) {
            self.accumulate(log_det).map_err(&err)?;
        }
        if self.query == Query::Unconstrain && sample.is_latent() {
            let Some(region) = sample.regions.unconstrain else { return Err(discrete(node, site, sample)) };
            let region = self.graph.region(region).clone();
            let args: Vec<Val> = std::iter::once(value).chain(captures.iter().copied()).collect();
            let u = self.out.inline(&region, &args[..region.inputs().len()]).map_err(&err)?[0];
            let len = self.out.ty(u).len();
            let u = self.out.reshape(u, &[len]).map_err(&err)?;
            self.coordinates.push(self.out.convert(u, DType::F64).map_err(&err)?);
        }
        Ok(value)
    }

    /// Takes a site's split from its key, where it reserves one and there is a key.
    fn split(&mut self, rng: Rng, operand: Option<Val>) -> Result<Option<Val>, TypeError> {
        let id = match rng {
            Rng::None => return Ok(None),
            Rng::Explicit => return Ok(operand),
            Rng::Program => None,
            Rng::Seed(id) => Some(id),
        };
        let Some(key) = self.keys.get(&id).copied().or(operand) else { return Ok(None) };
        let [next, own] = threefry::split_pair(&mut self.out, key)?;
        self.keys.insert(id, next);
        Ok(Some(own))
    }

    fn draw(
        &mut self,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        key: Option<Val>,
        captures: &[Val],
    ) -> Result<Val, PassError> {
        let fail = |found: String, help: &str| PassError::Site {
            site: site.name.clone(),
            loc: node.loc.clone(),
            found,
            help: help.into(),
        };
        let Some(region) = sample.regions.draw else {
            let found = format!("{} cannot be drawn from", sample.distribution);
            return Err(fail(found, "give the site a value with `substitute` or `condition`"));
        };
        let Some(key) = key else {
            let found = "a draw needs a random key and no `seed` encloses the site".into();
            return Err(fail(found, "wrap the call in `seed(key, || ...)`"));
        };
        let region = self.graph.region(region).clone();
        let args: Vec<Val> = std::iter::once(key).chain(captures.iter().copied()).collect();
        let drawn = self.out.inline(&region, &args[..region.inputs().len()]);
        Ok(drawn.map_err(at("resolve_sites", node, Some(&site.name)))?[0])
    }

    /// The value given to a site, as an input under its name.
    fn site_input(&mut self, v: Val, node: &Node, site: &Site) -> Val {
        if let Some(Inside::Value(value)) = self.given.get(&v) {
            return *value;
        }
        self.out.input(site.name.clone(), Role::Site, node.ty.clone())
    }

    /// What stands for the value of a site that is not known.
    fn unknown_value(&mut self, node: &Node, site: &Site) -> Result<Val, PassError> {
        let err = at("resolve_sites", node, Some(&site.name));
        let unknown = self.unknown.unwrap_or(Val::from_index(0));
        let one = self.out.convert(unknown, node.ty.dtype).map_err(&err)?;
        self.out.broadcast_to(one, &node.ty.dims).map_err(&err)
    }

    /// A latent site's unconstrained coordinates, from the position.
    fn read(&mut self, v: Val, node: &Node, site: &Site, sample: &SampleSite) -> Result<Val, PassError> {
        let (Some(region), Some(position), Some(offset)) =
            (sample.regions.constrain, self.position, self.offsets.get(&v).copied())
        else {
            return Err(discrete(node, site, sample));
        };
        let err = at("resolve_sites", node, Some(&site.name));
        let region = self.graph.region(region);
        let ty = region.ty(region.inputs()[0]).clone();
        let (start, limit) = (Dims::from_slice(&[offset]), Dims::from_slice(&[offset + ty.len()]));
        let u = self.out.push(ops::Slice::new(start, limit), &[position]).map_err(&err)?;
        let u = self.out.reshape(u, &ty.dims).map_err(&err)?;
        self.out.convert(u, ty.dtype).map_err(&err)
    }

    /// The value at unconstrained coordinates, and the transform's `log |det J|`.
    fn constrained(
        &mut self,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        u: Val,
        captures: &[Val],
    ) -> Result<Vec<Val>, PassError> {
        let Some(region) = sample.regions.constrain else { return Err(discrete(node, site, sample)) };
        let region = self.graph.region(region).clone();
        let args: Vec<Val> = std::iter::once(u).chain(captures.iter().copied()).collect();
        let made = self.out.inline(&region, &args[..region.inputs().len()]);
        made.map_err(at("resolve_sites", node, Some(&site.name)))
    }

    fn add_density(&mut self, sample: &SampleSite, value: Val, captures: &[Val]) -> Result<(), TypeError> {
        let region = self.graph.region(sample.regions.log_prob).clone();
        let args: Vec<Val> = std::iter::once(value).chain(captures.iter().copied()).collect();
        let log_prob = self.out.inline(&region, &args[..region.inputs().len()])?[0];
        if self.query.keeps_elements() {
            self.values.push(log_prob);
            return Ok(());
        }
        let sum = self.out.sum_all(log_prob)?;
        self.accumulate(sum)
    }

    fn accumulate(&mut self, term: Val) -> Result<(), TypeError> {
        let term = self.out.convert(term, DType::F64)?;
        self.density = Some(match self.density {
            Some(density) => self.out.add(density, term)?,
            None => term,
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Graph, PassError> {
        self.out.set_loc(None);
        let err = |source: TypeError| PassError::Type {
            pass: "resolve_sites",
            site: None,
            loc: None,
            source: Box::new(source),
        };
        let density = match self.density {
            Some(density) => density,
            None => self.out.full(&Ty::scalar(DType::F64), 0.0).map_err(err)?,
        };
        let outputs = match self.query {
            Query::Evaluate | Query::Function => {
                self.graph.outputs().iter().map(|v| self.map[v.index()]).collect()
            }
            Query::LogDensity => vec![density],
            Query::Potential | Query::PotentialAndGradient => vec![self.out.neg(density).map_err(err)?],
            Query::Constrain | Query::Predictive | Query::LogProbs | Query::LogLikelihood => self.values,
            Query::Draws | Query::Trace => {
                self.values.into_iter().chain(self.states.into_iter().map(|(_, state)| state)).collect()
            }
            Query::Unconstrain if self.coordinates.is_empty() => {
                vec![self.out.full(&Ty::new(DType::F64, [0]), 0.0).map_err(err)?]
            }
            Query::Unconstrain => {
                vec![self.out.push(ops::Concatenate { axis: 0 }, &self.coordinates).map_err(err)?]
            }
        };
        self.out.set_outputs(outputs);
        Ok(self.out)
    }
}

fn discrete(node: &Node, site: &Site, sample: &SampleSite) -> PassError {
    PassError::Site {
        site: site.name.clone(),
        loc: node.loc.clone(),
        found: format!(
            "{} has no unconstrained coordinates: its support is {}",
            sample.distribution, sample.support
        ),
        help:
            "continuous inference needs continuous latent sites: observe the site, or sum it out of the model"
                .into(),
    }
}
