//! The verifier: checks what every graph must satisfy, after each pass in debug builds and in tests.
//!
//! Any graph:
//!
//! 1. A node's operands come before it and fill its slots 0, 1, … once each.
//! 2. A graph of phase `pure` holds no sites.
//! 3. A pure node's type is the one its op infers from its operands' types.
//! 4. No two pure nodes are equal.
//! 5. The inputs are listed once each, in the order of their nodes.
//! 6. The outputs exist.
//! 7. Regions satisfy all of this too, those inside ops included. (They are graphs of their own, so nothing in them can
//!    refer outside.)
//!
//! 17. A part's one operand is a pure node or a control flow with that further result, which has the part's type; no two
//!     are equal.
//!
//! Sites:
//!
//! 8. Names are unique among sample, deterministic and plate sites that are not hidden, and param sites of one name have
//!    one type.
//! 9. A site's operands are those its payload announces: for a sample site the value, mask, scale and seed's key where
//!    [`slots`](crate::SampleSite::slots) has them, then at least as many captures as parameters; for param sites the
//!    initial value and then captures, for deterministic and mutable sites one value; for checks the truth values and what they test; for plates the indices or the
//!    seed's key where they have them, and for keys that of the seed.
//! 10. The regions a site names exist and are pure; those of a control flow are of the model phase.
//! 11. A region's inputs are its own arguments (`value`, `key: u32[2]`, or `u`) followed by a prefix of the captures.
//! 12. A region's outputs have the types that [`SampleRegions`](crate::SampleRegions) documents; `constrain` and
//!     `unconstrain` come together, agree on `u` where the value is a float, and are absent for discrete supports.
//! 13. A sample site's dimensions are its batch and then `event_dim` more.
//! 14. Operands have the right types: a value of the site's element type that broadcasts to the site's dimensions; a bool
//!     mask and a floating-point scale that broadcast to the batch; a key `u32[2]`, as are the values of key sites; for deterministic,
//!     param and mutable sites the site's type; for checks first a bool of the site's type.
//! 15. Frames have negative dimensions, no two of a site share one, none is longer than its plate, and a sample site's
//!     batch has each frame's size at the frame's dimension (any size where the frame has size 1).
//! 16. A plate site declares the frame of its own name, and its value is one integer for each element of it.
//! 18. A control flow's regions take its operands (a loop's body slices of the stacked ones), return what it carries and
//!     then its other results, branches all the same types; it has no plates around it.
//! 19. A sample site within a control flow has as first operand a result of one, of the site's own type.
//!
//! All violations are collected; each names its invariant, the node's line in the text form, and the user's source line.

mod control_flow;
mod frames;
mod sample;

use std::{collections::BTreeMap, fmt};

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};
use rustc_hash::FxHashMap;

use crate::{
    graph::{Graph, Kind, Loc, Operands, Phase, Val},
    ops::Op,
    site::{Site, SiteKind},
    text,
    types::{DType, Ty},
};

/// One violation of an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    /// The number of the invariant in the list that opens [`crate::verify`](mod@crate::verify).
    pub invariant: u8,
    /// The regions the node lies in, outermost first; empty in the graph itself.
    pub region: Vec<usize>,
    /// The node's line in the text form, or the graph's part at fault.
    pub node: String,
    /// The user's source line.
    pub loc: Option<Loc>,
    /// What was found against what was expected.
    pub message: String,
}

/// How many characters of a node's line a message shows.
const SHOWN: usize = 100;

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {}: {}\n  in ", self.invariant, self.message)?;
        for region in &self.region {
            write!(f, "region {region}, ")?;
        }
        // The payload of a sample site is long; its name, type and operands come first.
        let shown = self.node.char_indices().nth(SHOWN).map_or(self.node.len(), |(end, _)| end);
        f.write_str(&self.node[..shown])?;
        f.write_str(if shown < self.node.len() { "…" } else { "" })?;
        self.loc.as_ref().map_or(Ok(()), |loc| write!(f, "\n  at {loc}"))
    }
}

impl std::error::Error for VerifyError {}

/// All violations found in a graph, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyErrors(
    /// In the order of the nodes, those of regions first.
    pub Vec<VerifyError>,
);

impl fmt::Display for VerifyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0.len();
        write!(f, "the graph is not sound; {n} violation{}:", if n == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|e| write!(f, "\n{e}"))
    }
}

impl std::error::Error for VerifyErrors {}

/// Checks every invariant of the graph and its regions.
///
/// # Errors
/// With all violations.
pub fn verify(graph: &Graph) -> Result<(), VerifyErrors> {
    let mut errors = Vec::new();
    verify_into(graph, &[], &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(VerifyErrors(errors)) }
}

fn list<'a>(tys: impl Iterator<Item = &'a Ty>) -> String {
    tys.map(Ty::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether a node can have several results.
fn has_parts(kind: &Kind) -> bool {
    match kind {
        Kind::Pure(_) => true,
        Kind::Site(site) => matches!(site.kind, SiteKind::ControlFlow(_)),
        Kind::Input(_) | Kind::Part(_) => false,
    }
}

fn verify_into(graph: &Graph, region: &[usize], errors: &mut Vec<VerifyError>) {
    let inner = graph.regions().iter().cloned().chain(text::bodies(graph));
    for (i, inner) in inner.enumerate() {
        verify_into(&inner, &[region, &[i]].concat(), errors);
    }
    let mut verifier = Verifier { graph, region, errors };
    verifier.nodes();
    verifier.ends();
    verifier.names();
}

struct Verifier<'a> {
    graph: &'a Graph,
    region: &'a [usize],
    errors: &'a mut Vec<VerifyError>,
}

impl Verifier<'_> {
    fn report(&mut self, invariant: u8, v: Val, message: impl Into<String>) {
        let (node, loc) = (text::node(self.graph, v), self.graph.node(v).loc.clone());
        self.errors.push(VerifyError {
            invariant,
            region: self.region.to_vec(),
            node,
            loc,
            message: message.into(),
        });
    }

    fn report_part(&mut self, invariant: u8, part: &str, message: String) {
        let (region, node) = (self.region.to_vec(), part.to_string());
        self.errors.push(VerifyError { invariant, region, node, loc: None, message });
    }

    fn nodes(&mut self) {
        let graph = self.graph;
        let mut seen: FxHashMap<(&Op, Operands), Val> = FxHashMap::default();
        for v in graph.vals() {
            if !self.edges(v) {
                continue;
            }
            match &graph.node(v).kind {
                Kind::Input(_) => self.count(v, 0),
                Kind::Pure(op) => {
                    self.inferred(v, op);
                    if let Some(first) = seen.insert((op, graph.operands(v)), v) {
                        self.report(4, v, format!("{v} computes the same as {first}"));
                    }
                }
                Kind::Part(i) => self.part(v, *i as usize),
                Kind::Site(site) => {
                    if graph.phase() == Phase::Pure {
                        self.report(2, v, format!("site `{}` in a pure graph", site.name));
                    }
                    self.site(v, site);
                }
            }
        }
    }

    /// Checks the edges into a node; what they say is read only if they are sound.
    fn edges(&mut self, v: Val) -> bool {
        let dag = self.graph.as_petgraph();
        let incoming = dag.edges_directed(NodeIndex::new(v.index()), Direction::Incoming);
        let mut edges: Vec<(usize, usize)> =
            incoming.map(|e| (*e.weight() as usize, e.source().index())).collect();
        edges.sort_unstable();
        let before = self.errors.len();
        if edges.iter().enumerate().any(|(i, (slot, _))| i != *slot) {
            let slots: Vec<usize> = edges.iter().map(|(slot, _)| *slot).collect();
            self.report_part(
                1,
                &v.to_string(),
                format!("expected operand slots 0..{}, found {slots:?}", edges.len()),
            );
        }
        for (slot, source) in &edges {
            if *source >= v.index() {
                self.report_part(
                    1,
                    &v.to_string(),
                    format!("operand {slot} is %{source}, which does not come before"),
                );
            }
        }
        self.errors.len() == before
    }

    fn inferred(&mut self, v: Val, op: &Op) {
        let tys = self.operand_tys(v);
        match op.infer(&tys) {
            Err(e) => self.report(3, v, e.to_string()),
            Ok(found) if !found.iter().eq(self.graph.node(v).results()) => {
                let (annotated, inferred) = (list(self.graph.node(v).results()), list(found.iter()));
                self.report(3, v, format!("annotated {annotated}, inferred {inferred}"));
            }
            Ok(_) => {}
        }
    }

    fn part(&mut self, v: Val, i: usize) {
        self.count(v, 1);
        let Some(of) = self.graph.operands(v).first().copied() else { return };
        let node = self.graph.node(of);
        match node.rest.get(i.wrapping_sub(1)) {
            Some(ty) if has_parts(&node.kind) && ty == self.graph.ty(v) => {
                if self.graph.part_of(of, i) != Some(v) {
                    self.report(17, v, format!("there is another part {i} of {of}"));
                }
            }
            _ => {
                let results = list(node.results());
                self.report(17, v, format!("{of} has no result {i} of this type, but {results}"));
            }
        }
    }

    fn operand_tys(&self, v: Val) -> Vec<Ty> {
        self.graph.operands(v).iter().map(|o| self.graph.ty(*o).clone()).collect()
    }

    fn ends(&mut self) {
        let graph = self.graph;
        let inputs: Vec<Val> = graph.vals().filter(|v| graph.input_of(*v).is_some()).collect();
        if graph.inputs() != inputs {
            self.report_part(5, "inputs", format!("expected {inputs:?}, found {:?}", graph.inputs()));
        }
        for v in graph.outputs().iter().filter(|v| v.index() >= graph.len()) {
            self.report_part(6, "return", format!("{v} does not exist; the graph has {} nodes", graph.len()));
        }
    }

    fn names(&mut self) {
        let graph = self.graph;
        let mut taken: BTreeMap<&str, Val> = BTreeMap::new();
        let mut params: BTreeMap<&str, Val> = BTreeMap::new();
        for (v, site) in graph.sites() {
            match &site.kind {
                SiteKind::Check(_) | SiteKind::Mutable(_) | SiteKind::Key(_) | SiteKind::ControlFlow(_) => {}
                SiteKind::Sample(sample) if sample.hidden => {}
                SiteKind::Param(_) => match params.insert(&site.name, v) {
                    Some(first) if graph.ty(first) != graph.ty(v) => {
                        let (a, b) = (graph.ty(first), graph.ty(v));
                        self.report(8, v, format!("param `{}` is {b} here and {a} at {first}", site.name));
                    }
                    _ => {}
                },
                _ => {
                    if let Some(first) = taken.insert(&site.name, v) {
                        let kind = graph.site(first).map_or("", |s| s.kind.name());
                        self.report(
                            8,
                            v,
                            format!("the name `{}` is taken by the {kind} site at {first}", site.name),
                        );
                    }
                }
            }
        }
    }

    /// Checks the number of operands.
    fn count(&mut self, v: Val, expected: usize) {
        let found = self.graph.operands(v).len();
        if found != expected {
            let s = if expected == 1 { "" } else { "s" };
            self.report(9, v, format!("expected {expected} operand{s}, found {found}"));
        }
    }

    fn site(&mut self, v: Val, site: &Site) {
        self.frames(v, site);
        let ty = self.graph.ty(v).clone();
        match &site.kind {
            SiteKind::Sample(sample) => self.sample(v, sample),
            SiteKind::Param(param) => self.param(v, param, &ty),
            SiteKind::Deterministic | SiteKind::Mutable(_) => {
                self.count(v, 1);
                self.operand_is(v, &ty);
            }
            SiteKind::Plate(plate) => self.plate(v, &site.name, plate),
            SiteKind::Key(key) => self.key(v, key),
            SiteKind::ControlFlow(flow) => self.control_flow(v, site, flow),
            SiteKind::Check(_) => {
                self.count(v, 2);
                self.operand_is(v, &ty);
                if ty.dtype != DType::Bool {
                    self.report(14, v, format!("expected a bool, found {ty}"));
                }
            }
        }
    }

    fn operand_is(&mut self, v: Val, ty: &Ty) {
        if let Some(found) = self.operand_tys(v).first().filter(|t| *t != ty) {
            self.report(14, v, format!("expected an operand of the site's type {ty}, found {found}"));
        }
    }
}
