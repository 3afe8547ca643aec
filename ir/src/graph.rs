//! The graph: an append-only petgraph whose ids are dense and in topological order, with hash-consed pure nodes.

mod node;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use petgraph::{
    Direction,
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

pub use node::{Input, Kind, Loc, Node, Operands, Phase, Role, Val};

use crate::{
    error::TypeError,
    ops::Op,
    site::{ControlFlowSite, RegionId, Site, SiteKind},
    types::Ty,
};

/// A directed acyclic graph of values.
///
/// It only grows. A node's operands were pushed before it, so ids are a topological order: a traversal is a `for`
/// over [`Graph::vals`], a reverse one its `.rev()`. Passes build a new graph beside the old one.
///
/// ```
/// use pyroxene_ir::{DType, Graph, Input, Phase, Role, Ty, ops};
/// # fn main() -> Result<(), pyroxene_ir::TypeError> {
/// let mut g = Graph::new(Phase::Pure);
/// let x = g.input("x", Role::Argument, Ty::new(DType::F64, [3]));
/// let y = g.push(ops::Mul, &[x, x])?;
/// assert_eq!(y, g.push(ops::Mul, &[x, x])?, "pure nodes are hash-consed");
/// g.set_outputs([y]);
/// assert_eq!(g.ty(y).to_string(), "f64[3]");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    /// Edges run from operand to user and carry the operand's position.
    dag: DiGraph<Node, u32>,
    phase: Phase,
    /// Pure nodes by the hash of op and operands; where another node has the hash already, by the next one that is free.
    consed: FxHashMap<u64, Val>,
    parts: FxHashMap<(Val, u32), Val>,
    inputs: Vec<Val>,
    outputs: Vec<Val>,
    regions: Vec<Arc<Graph>>,
    region_ids: FxHashMap<u64, SmallVec<[RegionId; 1]>>,
    loc: Option<Loc>,
}

impl Graph {
    /// An empty graph.
    pub fn new(phase: Phase) -> Graph {
        Graph {
            dag: DiGraph::new(),
            phase,
            consed: FxHashMap::default(),
            parts: FxHashMap::default(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            regions: Vec::new(),
            region_ids: FxHashMap::default(),
            loc: None,
        }
    }

    /// An empty graph with the regions of `other` under the same ids, and room for as many nodes: where a pass starts.
    pub fn with_regions_of(other: &Graph, phase: Phase) -> Graph {
        let mut g = Graph::new(phase);
        g.dag = DiGraph::with_capacity(other.len(), other.dag.edge_count());
        g.consed.reserve(other.consed.len());
        g.regions = other.regions.clone();
        g.region_ids = other.region_ids.clone();
        g
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Sets the source line that the nodes pushed from here on carry.
    pub fn set_loc(&mut self, loc: Option<Loc>) {
        self.loc = loc;
    }

    fn append(&mut self, kind: Kind, ty: Ty, rest: Box<[Ty]>, operands: &[Val]) -> Val {
        let at = self.dag.add_node(Node { kind, ty, rest, loc: self.loc.clone() });
        for (slot, operand) in operands.iter().enumerate() {
            self.dag.add_edge(NodeIndex::new(operand.index()), at, slot as u32);
        }
        Val::from_index(at.index())
    }

    /// Adds an input. Inputs are numbered in the order in which they are added.
    pub fn input(&mut self, name: impl Into<String>, role: Role, ty: Ty) -> Val {
        let v = self.append(Kind::Input(Input { name: name.into(), role }), ty, Box::default(), &[]);
        self.inputs.push(v);
        v
    }

    /// Adds a pure node, or finds the one that computes the same. Of several results it returns the first.
    ///
    /// # Errors
    /// When the op's type rule refuses the operands.
    pub fn push(&mut self, op: impl Into<Op>, operands: &[Val]) -> Result<Val, TypeError> {
        let op = op.into();
        let place = match self.find(&op, operands) {
            Ok(v) => return Ok(v),
            Err(place) => place,
        };
        let tys: SmallVec<[Ty; 4]> = operands.iter().map(|v| self.ty(*v).clone()).collect();
        let mut tys = op.infer(&tys)?.into_iter();
        let Some(ty) = tys.next() else {
            let operands = operands.iter().map(|v| self.ty(*v).clone()).collect();
            return Err(TypeError { op: op.name(), operands, expected: "to have a result".into() });
        };
        let v = self.append(Kind::Pure(op), ty, tys.collect(), operands);
        self.consed.insert(place, v);
        Ok(v)
    }

    /// The pure node of this op over these operands, or else the place where `consed` can note it.
    fn find(&self, op: &Op, operands: &[Val]) -> Result<Val, u64> {
        let mut hasher = FxHasher::default();
        (op, operands).hash(&mut hasher);
        let mut place = hasher.finish();
        while let Some(v) = self.consed.get(&place) {
            if self.op(*v) == Some(op) && self.operands(*v).as_slice() == operands {
                return Ok(*v);
            }
            place = place.wrapping_add(1);
        }
        Err(place)
    }

    /// Adds a pure node, or finds the one that computes the same, and returns all of its results.
    ///
    /// # Errors
    /// When the op's type rule refuses the operands.
    pub fn push_all(&mut self, op: impl Into<Op>, operands: &[Val]) -> Result<Operands, TypeError> {
        let v = self.push(op, operands)?;
        self.results(v)
    }

    /// Result `i` of the node that makes `v`: `v` itself for 0.
    ///
    /// # Errors
    /// When the node has no such result.
    pub fn part(&mut self, v: Val, i: usize) -> Result<Val, TypeError> {
        if i == 0 {
            return Ok(v);
        }
        let node = self.node(v);
        let Some(ty) = node.rest.get(i - 1).cloned() else {
            let operands = node.results().cloned().collect();
            return Err(TypeError { op: "part", operands, expected: format!("more than {i} results") });
        };
        let key = (v, i as u32);
        if let Some(known) = self.parts.get(&key) {
            return Ok(*known);
        }
        let part = self.append(Kind::Part(key.1), ty, Box::default(), &[v]);
        self.parts.insert(key, part);
        Ok(part)
    }

    /// The node that stands for result `i` of the node that makes `v`, if there is one: `v` itself for 0.
    pub fn part_of(&self, v: Val, i: usize) -> Option<Val> {
        if i == 0 { Some(v) } else { self.parts.get(&(v, i as u32)).copied() }
    }

    /// All results of the node that makes `v`.
    ///
    /// # Errors
    /// Never in practice.
    pub fn results(&mut self, v: Val) -> Result<Operands, TypeError> {
        (0..=self.node(v).rest.len()).map(|i| self.part(v, i)).collect()
    }

    /// Adds a site whose value has type `ty`.
    pub fn push_site(&mut self, site: Site, ty: Ty, operands: &[Val]) -> Val {
        self.append(Kind::Site(Box::new(site)), ty, Box::default(), operands)
    }

    /// Adds a site whose results have the types of those of `node`: only a control flow has several.
    pub fn push_site_like(&mut self, site: Site, node: &Node, operands: &[Val]) -> Val {
        self.append(Kind::Site(Box::new(site)), node.ty.clone(), node.rest.clone(), operands)
    }

    /// Adds a control flow with the results that its regions say.
    ///
    /// # Errors
    /// When it has no result.
    pub fn push_control_flow(
        &mut self,
        name: &str,
        flow: ControlFlowSite,
        operands: &[Val],
    ) -> Result<Val, TypeError> {
        let mut tys = flow.results(&self.regions).unwrap_or_default().into_iter();
        let Some(ty) = tys.next() else {
            let operands = operands.iter().map(|v| self.ty(*v).clone()).collect();
            return Err(TypeError { op: "control_flow", operands, expected: "to have a result".into() });
        };
        let site = Site { name: name.into(), frames: Vec::new(), kind: SiteKind::ControlFlow(flow) };
        Ok(self.append(Kind::Site(Box::new(site)), ty, tys.collect(), operands))
    }

    /// The node that makes `v`, and which of its results that is.
    pub fn origin(&self, v: Val) -> (Val, usize) {
        match self.node(v).kind {
            Kind::Part(i) => (self.operands(v)[0], i as usize),
            _ => (v, 0),
        }
    }

    /// Adds a region, or finds the one of the same structure.
    pub fn add_region(&mut self, region: Arc<Graph>) -> RegionId {
        let mut hasher = FxHasher::default();
        region.hash(&mut hasher);
        let ids = self.region_ids.entry(hasher.finish()).or_default();
        if let Some(id) = ids.iter().find(|id| self.regions[id.index()] == region) {
            return *id;
        }
        let id = RegionId(self.regions.len() as u32);
        ids.push(id);
        self.regions.push(region);
        id
    }

    /// A region of this graph.
    pub fn region(&self, id: RegionId) -> &Arc<Graph> {
        &self.regions[id.index()]
    }

    /// All regions, in the order of their ids.
    pub fn regions(&self) -> &[Arc<Graph>] {
        &self.regions
    }

    /// Sets what the graph returns.
    pub fn set_outputs(&mut self, outputs: impl IntoIterator<Item = Val>) {
        self.outputs = outputs.into_iter().collect();
    }

    /// The inputs, in order.
    pub fn inputs(&self) -> &[Val] {
        &self.inputs
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[Val] {
        &self.outputs
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.dag.node_count()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All values, operands before users.
    pub fn vals(&self) -> impl DoubleEndedIterator<Item = Val> + ExactSizeIterator + use<> {
        (0..self.len()).map(Val::from_index)
    }

    /// The node that makes `v`.
    pub fn node(&self, v: Val) -> &Node {
        &self.dag[NodeIndex::new(v.index())]
    }

    /// The type of `v`.
    pub fn ty(&self, v: Val) -> &Ty {
        &self.node(v).ty
    }

    /// The op that makes `v`, if a pure node does.
    pub fn op(&self, v: Val) -> Option<&Op> {
        match &self.node(v).kind {
            Kind::Pure(op) => Some(op),
            _ => None,
        }
    }

    /// The site that makes `v`, if one does.
    pub fn site(&self, v: Val) -> Option<&Site> {
        match &self.node(v).kind {
            Kind::Site(site) => Some(site),
            _ => None,
        }
    }

    /// The input that makes `v`, if one does.
    pub fn input_of(&self, v: Val) -> Option<&Input> {
        match &self.node(v).kind {
            Kind::Input(input) => Some(input),
            _ => None,
        }
    }

    /// The sites, in program order.
    pub fn sites(&self) -> impl Iterator<Item = (Val, &Site)> {
        self.vals().filter_map(|v| self.site(v).map(|s| (v, s)))
    }

    /// The operands of the node that makes `v`: the only reader of edges.
    pub fn operands(&self, v: Val) -> Operands {
        let edges = self.dag.edges_directed(NodeIndex::new(v.index()), Direction::Incoming);
        let mut out = Operands::new();
        for e in edges {
            let slot = *e.weight() as usize;
            if out.len() <= slot {
                out.resize(slot + 1, Val(0));
            }
            out[slot] = Val::from_index(e.source().index());
        }
        out
    }

    /// Whether each value feeds one of `roots`, directly or through others.
    pub fn reachable(&self, roots: &[Val]) -> Vec<bool> {
        let mut live = vec![false; self.len()];
        for r in roots {
            live[r.index()] = true;
        }
        for v in self.vals().rev() {
            if live[v.index()] {
                for o in self.operands(v) {
                    live[o.index()] = true;
                }
            }
        }
        live
    }

    /// The graph as petgraph holds it, for its algorithms and its drawing.
    pub fn as_petgraph(&self) -> &DiGraph<Node, u32> {
        &self.dag
    }

    /// Copies the node that makes `v` in `from` into this graph, over operands already mapped. Inputs are copied too.
    ///
    /// # Errors
    /// When the op's type rule refuses the new operands.
    pub fn copy_node(&mut self, from: &Graph, v: Val, operands: &[Val]) -> Result<Val, TypeError> {
        let node = from.node(v);
        let outer = std::mem::replace(&mut self.loc, node.loc.clone());
        let copied = match &node.kind {
            Kind::Input(i) => Ok(self.input(i.name.clone(), i.role, node.ty.clone())),
            Kind::Pure(op) => self.push(op.clone(), operands),
            Kind::Part(i) => self.part(operands.first().copied().unwrap_or(Val(0)), *i as usize),
            Kind::Site(site) => Ok(self.push_site_like((**site).clone(), node, operands)),
        };
        self.loc = outer;
        copied
    }

    /// The same, each closed graph inside the node's op run through `f`.
    ///
    /// # Errors
    /// Those of `f`, and what `refused` makes of the type rule's refusal.
    pub fn copy_node_through<E>(
        &mut self,
        from: &Graph,
        v: Val,
        operands: &[Val],
        f: impl FnMut(&Graph) -> Result<Graph, E>,
        refused: impl FnOnce(TypeError) -> E,
    ) -> Result<Val, E> {
        let Some(op) = from.op(v) else {
            return self.copy_node(from, v, operands).map_err(refused);
        };
        let op = op.map_regions(f)?;
        let outer = std::mem::replace(&mut self.loc, from.node(v).loc.clone());
        let copied = self.push(op, operands).map_err(refused);
        self.loc = outer;
        copied
    }

    /// Copies the body of `region` into this graph, its inputs replaced by `args` (one for each); returns its outputs.
    /// New nodes carry this graph's current source line.
    ///
    /// # Errors
    /// When an op's type rule refuses an argument, or there are fewer arguments than inputs.
    pub fn inline(&mut self, region: &Graph, args: &[Val]) -> Result<Vec<Val>, TypeError> {
        self.insert(region, args, false)
    }

    /// The same, but new nodes keep the source lines that they have in `region`.
    ///
    /// # Errors
    /// As [`Graph::inline`].
    pub fn graft(&mut self, region: &Graph, args: &[Val]) -> Result<Vec<Val>, TypeError> {
        let outer = self.loc.clone();
        let outputs = self.insert(region, args, true);
        self.loc = outer;
        outputs
    }

    fn insert(&mut self, region: &Graph, args: &[Val], keep_lines: bool) -> Result<Vec<Val>, TypeError> {
        if args.len() != region.inputs.len() {
            let operands = args.iter().map(|v| self.ty(*v).clone()).collect();
            let expected = format!("{} arguments of a region", region.inputs.len());
            return Err(TypeError { op: "inline", operands, expected });
        }
        let outer = self.loc.clone();
        let mut map: Vec<Val> = Vec::with_capacity(region.len());
        let mut next = args.iter();
        for v in region.vals() {
            let node = region.node(v);
            if keep_lines {
                self.loc = node.loc.clone().or_else(|| outer.clone());
            }
            let mapped = match &node.kind {
                Kind::Input(_) => next.next().copied().unwrap_or(Val(0)),
                Kind::Pure(op) => {
                    let operands: Operands = region.operands(v).iter().map(|o| map[o.index()]).collect();
                    self.push(op.clone(), &operands)?
                }
                Kind::Part(i) => self.part(map[region.operands(v)[0].index()], *i as usize)?,
                Kind::Site(site) => {
                    let operands = region.operands(v).iter().map(|o| region.ty(*o).clone()).collect();
                    let expected = format!("a pure region, found site `{}`", site.name);
                    return Err(TypeError { op: "inline", operands, expected });
                }
            };
            map.push(mapped);
        }
        Ok(region.outputs.iter().map(|v| map[v.index()]).collect())
    }
}

impl PartialEq for Graph {
    /// Equality of structure; source lines do not count.
    fn eq(&self, other: &Graph) -> bool {
        self.phase == other.phase
            && self.len() == other.len()
            && self.inputs == other.inputs
            && self.outputs == other.outputs
            && self.regions == other.regions
            && self.vals().all(|v| {
                let (a, b) = (self.node(v), other.node(v));
                a.kind == b.kind && a.ty == b.ty && a.rest == b.rest && self.operands(v) == other.operands(v)
            })
    }
}

impl Eq for Graph {}

impl Default for Graph {
    /// The empty pure graph.
    fn default() -> Graph {
        Graph::new(Phase::Pure)
    }
}

impl Hash for Graph {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.phase, self.len(), &self.inputs, &self.outputs).hash(state);
        for v in self.vals() {
            let node = self.node(v);
            (&node.kind, &node.ty, &node.rest, self.operands(v)).hash(state);
        }
        self.regions.hash(state);
    }
}
