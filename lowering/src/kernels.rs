//! Kernels: which parts of a program become one function of machine code each, where a device's compiler can do that.

use std::sync::Arc;

use pyroxene_ir::{
    DType, Dims, Graph, Kind, Op, Operands, Role, Ty, TypeError, Val,
    ops::{self, Cost, Hlo, HloAttr},
    passes::{OneKernel, blocked},
};

use crate::{
    added_constants::added_constants, gathers::made_once, joins::joins, products::products,
    scalar_exps::scalar_exps, scatter_loops::scatter_loops,
};

/// Instructions for which XLA's CPU compiler calls its runtime, which code inside of a kernel cannot.
const NATIVE: &[&str] = &["scatter", "sort"];

/// Those of them that are loops inside of a kernel.
const LOOPED: &str = "scatter";

/// Instructions that XLA makes loops with products inside, which may go to a library.
const FACTORISATIONS: &[&str] = &["cholesky", "triangular-solve", "custom-call"];

/// Sums over as many elements go to a library, if XLA is free to do so.
const LARGE_SUM: usize = 4096;

/// Sums of as many elements each are faster in a library, several at once, than one after the other.
const LONG_SUM: usize = 2048;

/// What decides whether something becomes part of a kernel.
#[derive(Clone, Copy)]
struct Rule {
    /// No instruction goes over more elements: a larger one is worth a thread pool, which kernels have not, and the code that
    /// XLA makes outside of kernels is better at long loops.
    largest: usize,
    /// Fewer instructions cost no more one by one than as a kernel.
    least: usize,
    /// Products of matrices with more multiplications stay outside: a library of XLA's is faster, and may not be called.
    product: usize,
    /// Whether XLA is left free to call libraries, which code inside of a kernel cannot.
    libraries: bool,
}

/// Where the cost rule draws the line; docs/performance.md has the measurements.
const AUTO: Rule = Rule { largest: 1 << 12, least: 4, product: 4096, libraries: false };

const ALWAYS: Rule = Rule { largest: usize::MAX, least: 1, ..AUTO };

/// A matrix may have so many times the elements that others may have.
const MATRIX: usize = 16;

/// The largest product that XLA computes itself although it has libraries.
const OWN_PRODUCT: usize = 216;

/// A graph with parts of it gathered into kernels.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernels {
    /// The graph, with [`ops::Fence`]s for kernels.
    pub graph: Graph,
    /// Whether XLA may call its libraries for what is outside; where not, it must be told, for inside it would fail.
    pub libraries: bool,
}

/// The legalized graph with parts of it gathered into kernels: all of it where its ops allow that, else what is before,
/// between and after those that do not, in loops and branches too. `None` where there is nothing to gather. Cholesky factors
/// and triangular systems become loops first, of which some are kernels of their own.
///
/// By default XLA:CPU runs a program as a list of small functions, at 50 to 150 ns each; in a kernel they become one.
///
/// # Errors
/// Never in practice: all nodes have been in the graph.
pub fn kernels(graph: &Graph, mode: OneKernel) -> Result<Option<Kernels>, TypeError> {
    let rule = match mode {
        OneKernel::Never => return Ok(None),
        OneKernel::Auto => AUTO,
        OneKernel::Always => ALWAYS,
    };
    let graph = &blocked(graph)?;
    // What stays outside of kernels and is no scatter or sort is large, and fastest with libraries.
    let rule = if needs_libraries(graph, &rule) {
        Rule { product: OWN_PRODUCT, libraries: true, ..rule }
    } else {
        rule
    };
    let marked = Plan::of(graph, &rule).build()?;
    let worth = kernel_count(&marked) > 0;
    Ok(worth.then_some(Kernels { graph: marked, libraries: rule.libraries }))
}

/// Whether something is outside of kernels that has a library.
fn needs_libraries(graph: &Graph, rule: &Rule) -> bool {
    graph.vals().any(|v| match graph.op(v) {
        Some(Op::While(op)) => needs_libraries(&op.cond, rule) || needs_libraries(&op.body, rule),
        Some(Op::Switch(op)) => op.branches.iter().any(|branch| needs_libraries(branch, rule)),
        Some(op) if is_kernel(op) => false,
        Some(Op::Fence(op)) => needs_libraries(&op.body, rule),
        Some(op) => !rule.takes(graph, v) && !opcode(graph, v, op).is_some_and(|code| NATIVE.contains(&code)),
        None => false,
    })
}

/// The fence of whose results every output of the graph is one, inputs that are passed on aside; there may be none. A
/// kernel is none, since it has a result more.
pub(crate) fn bare_fence(graph: &Graph) -> Option<Val> {
    let mut made =
        graph.outputs().iter().filter(|v| graph.input_of(**v).is_none()).map(|v| graph.origin(*v).0);
    let first = made.next()?;
    let is_fence = matches!(graph.op(first), Some(Op::Fence(fence)) if !fence.kernel);
    (is_fence && made.all(|v| v == first)).then_some(first)
}

/// Whether an op is a kernel already.
fn is_kernel(op: &Op) -> bool {
    matches!(op, Op::Fence(fence) if fence.kernel)
}

/// A node and its other results, as far as they are read.
fn results(graph: &Graph, v: Val) -> Vec<Val> {
    (0..=graph.node(v).rest.len()).filter_map(|i| graph.part_of(v, i)).collect()
}

/// The number of kernels in a graph, and in the graphs of its loops and branches.
pub(crate) fn kernel_count(graph: &Graph) -> usize {
    let inside = |op: &Op| match op {
        op if is_kernel(op) => 1,
        op => op.regions().iter().map(|region| kernel_count(region)).sum(),
    };
    graph.vals().filter_map(|v| graph.op(v)).map(inside).sum()
}

/// The opcode and attributes of a legalized op; nothing where it is none.
fn hlo(op: &Op, tys: &[Ty]) -> Option<(&'static str, Vec<HloAttr>)> {
    match op.hlo(tys) {
        Hlo::Native(opcode) => Some((opcode, Vec::new())),
        Hlo::WithAttrs(opcode, attrs) => Some((opcode, attrs)),
        Hlo::Expand(_) | Hlo::ExpandOp(_) => None,
    }
}

fn operand_types(graph: &Graph, v: Val) -> Vec<Ty> {
    graph.operands(v).iter().map(|o| graph.ty(*o).clone()).collect()
}

fn opcode(graph: &Graph, v: Val, op: &Op) -> Option<&'static str> {
    hlo(op, &operand_types(graph, v)).map(|(opcode, _)| opcode)
}

/// The multiplications of a contraction with rows on one side and columns on the other; 0 for any other instruction.
fn multiplications(attrs: &[HloAttr], tys: &[Ty]) -> usize {
    let of = |attr: &HloAttr| {
        let HloAttr::Dot(contract, batch) = attr else { return 0 };
        let shared: usize = contract.iter().chain(batch).map(|[left, _]| tys[0].dims[*left].max(1)).product();
        let (rows, columns) = (tys[0].len() / shared, tys[1].len() / shared);
        if rows > 1 && columns > 1 { tys[0].len().saturating_mul(columns) } else { 0 }
    };
    attrs.iter().map(of).max().unwrap_or(0)
}

/// Whether an instruction is, or becomes, a sum that a library should make, or will where `libraries` are called.
fn is_library_sum(opcode: &str, v: &Ty, tys: &[Ty], libraries: bool) -> bool {
    let read = tys.iter().map(Ty::len).max().unwrap_or(0);
    let is_sum = opcode == "reduce" || opcode == "dot" && v.len() == 1;
    is_sum && (read / v.len().max(1) >= LONG_SUM || libraries && read >= LARGE_SUM)
}

impl Rule {
    /// Whether an op over these operands can and should be inside of a kernel.
    fn takes(&self, graph: &Graph, v: Val) -> bool {
        let Some(op) = graph.op(v) else { return false };
        let tys = operand_types(graph, v);
        let Some((opcode, attrs)) = hlo(op, &tys) else { return false };
        let called = self.libraries && FACTORISATIONS.contains(&opcode)
            || is_library_sum(opcode, graph.ty(v), &tys, self.libraries);
        // A kernel must read every operand, and there is nothing to read of an empty one.
        let mut all = tys.iter().chain(graph.node(v).results());
        (opcode == LOOPED || !NATIVE.contains(&opcode))
            && !is_kernel(op)
            && !called
            && multiplications(&attrs, &tys) <= self.product
            && all.all(|ty| !ty.is_empty())
            && !self.is_large(graph, v)
            && op.regions().iter().all(|region| self.takes_all(region))
    }

    /// Whether an instruction goes over so many elements that it is better off outside of a kernel.
    fn is_large(&self, graph: &Graph, v: Val) -> bool {
        let operands = graph.operands(v);
        let len = |v: &Val| graph.ty(*v).len();
        let touched = match graph.op(v) {
            Some(Op::Slice(_) | Op::DynamicSlice(_) | Op::Take(_)) => len(&v),
            Some(Op::DynamicUpdateSlice(_)) => len(&operands[1]),
            // To fill memory with one number takes no time to speak of, and what reads it as a long loop is large itself.
            Some(Op::Broadcast(_)) if len(&operands[0]) == 1 => 0,
            // Contractions with a vector read a matrix once: several threads gain nothing before it leaves the caches.
            Some(Op::DotGeneral(_)) => operands.iter().map(len).max().unwrap_or(0) / MATRIX,
            Some(op) if op.regions().is_empty() => operands.iter().chain([&v]).map(len).max().unwrap_or(0),
            _ => 0,
        };
        touched > self.largest
    }

    fn takes_all(&self, region: &Graph) -> bool {
        region.vals().all(|v| match &region.node(v).kind {
            Kind::Pure(_) => self.takes(region, v),
            Kind::Input(_) | Kind::Part(_) => true,
            Kind::Site(_) => false,
        })
    }
}

/// The instructions that a node is, those inside of its regions included, which run more than once.
fn instructions(graph: &Graph, v: Val) -> usize {
    let Some(op) = graph.op(v) else { return 0 };
    let inside =
        op.regions().iter().map(|r| r.vals().map(|v| instructions(r, v)).sum::<usize>()).sum::<usize>();
    inside + usize::from(op.cost() != Cost::Shape)
}

/// Where a node is computed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing needs it, or it is an input.
    Nowhere,
    /// With each of its users: it is made of constants.
    Anywhere,
    /// In the kernel of its level.
    Kernel,
    /// As an instruction of its own.
    Native,
}

/// Where each node of a graph is computed, and in which turn. In each turn one kernel runs first and then native instructions.
struct Plan<'a> {
    graph: &'a Graph,
    rule: &'a Rule,
    places: Vec<Place>,
    levels: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn of(graph: &'a Graph, rule: &'a Rule) -> Plan<'a> {
        let live = graph.reachable(graph.outputs());
        let mut plan = Plan { graph, rule, places: Vec::new(), levels: Vec::new() };
        // Kernels between long loops would keep XLA from making one of several.
        let spared = graph.vals().any(|v| live[v.index()] && rule.is_large(graph, v));
        let is_flow = |op: &Op| matches!(op, Op::While(_) | Op::Switch(_) | Op::Fence(_));
        for v in graph.vals() {
            let operands = graph.operands(v);
            let place = match &graph.node(v).kind {
                Kind::Pure(_) if !live[v.index()] => Place::Nowhere,
                Kind::Part(_) => plan.places[operands[0].index()],
                Kind::Pure(op) if plan.is_anywhere(op, &operands) => Place::Anywhere,
                Kind::Pure(op) if (!spared || is_flow(op)) && rule.takes(graph, v) => Place::Kernel,
                Kind::Pure(_) => Place::Native,
                Kind::Input(_) | Kind::Site(_) => Place::Nowhere,
            };
            // A kernel waits for the native instructions of the turn before.
            let after = |o: &Val| match (place, plan.places[o.index()]) {
                (Place::Kernel, Place::Native) => plan.levels[o.index()] + 1,
                _ => plan.levels[o.index()],
            };
            let is_part = matches!(graph.node(v).kind, Kind::Part(_));
            let level =
                operands.iter().map(|o| if is_part { plan.levels[o.index()] } else { after(o) }).max();
            plan.places.push(place);
            plan.levels.push(level.unwrap_or(0));
        }
        plan.without_small_kernels();
        plan
    }

    fn is_anywhere(&self, op: &Op, operands: &[Val]) -> bool {
        let is_made =
            matches!(op, Op::Constant(_) | Op::Iota(_)) || op.cost() == Cost::Shape && !operands.is_empty();
        is_made && operands.iter().all(|o| self.places[o.index()] == Place::Anywhere)
    }

    fn members(&self, level: usize, place: Place) -> impl Iterator<Item = Val> {
        self.graph.vals().filter(move |v| self.levels[v.index()] == level && self.places[v.index()] == place)
    }

    fn last_level(&self) -> usize {
        self.levels.iter().copied().max().unwrap_or(0)
    }

    fn without_small_kernels(&mut self) {
        for level in 0..=self.last_level() {
            let members: Vec<Val> = self.members(level, Place::Kernel).collect();
            if members.iter().map(|v| instructions(self.graph, *v)).sum::<usize>() < self.rule.least {
                members.iter().for_each(|v| self.places[v.index()] = Place::Native);
            }
        }
    }

    fn build(self) -> Result<Graph, TypeError> {
        let graph = self.graph;
        let mut copy =
            Copy { graph, out: Graph::with_regions_of(graph, graph.phase()), map: vec![None; graph.len()] };
        for v in graph.inputs() {
            copy.node(*v)?;
        }
        for level in 0..=self.last_level() {
            let members: Vec<Val> = self.members(level, Place::Kernel).collect();
            if !members.is_empty() {
                self.kernel(&mut copy, &members)?;
            }
            for v in self.members(level, Place::Native) {
                match graph.op(v) {
                    Some(op) if is_kernel(op) => self.kernel(&mut copy, &results(graph, v))?,
                    _ => self.native(&mut copy, v)?,
                }
            }
        }
        for v in graph.outputs() {
            self.anywhere(&mut copy, *v)?;
        }
        let outputs: Vec<Val> = graph.outputs().iter().filter_map(|v| copy.map[v.index()]).collect();
        copy.out.set_outputs(outputs);
        Ok(copy.out)
    }

    /// Makes a value that is made of constants, if it is not there yet.
    fn anywhere(&self, copy: &mut Copy<'_>, v: Val) -> Result<(), TypeError> {
        if copy.map[v.index()].is_some() || self.places[v.index()] != Place::Anywhere {
            return Ok(());
        }
        let live = self.graph.reachable(&[v]);
        self.graph.vals().filter(|v| live[v.index()]).try_for_each(|v| copy.node(v))
    }

    fn native(&self, copy: &mut Copy<'_>, v: Val) -> Result<(), TypeError> {
        for o in self.graph.operands(v) {
            self.anywhere(copy, o)?;
        }
        let Some(op) = self.graph.op(v) else { return copy.node(v) };
        let marked = |region: &Arc<Graph>| Plan::of(region, self.rule).build().map(Arc::new);
        let operands = copy.operands(v);
        let op = match op {
            Op::While(op) => ops::While { body: marked(&op.body)?, ..op.clone() }.into(),
            Op::Switch(op) => {
                ops::Switch { branches: op.branches.iter().map(marked).collect::<Result<_, _>>()? }.into()
            }
            // It keeps nothing apart that is not one kernel.
            Op::Fence(op) => {
                let results = copy.out.inline(&*marked(&op.body)?, &operands)?;
                copy.results(v, &results);
                return Ok(());
            }
            op => op.clone(),
        };
        copy.out.set_loc(self.graph.node(v).loc.clone());
        copy.map[v.index()] = Some(copy.out.push(op, &operands)?);
        copy.out.set_loc(None);
        Ok(())
    }

    /// Adds one kernel that computes `members`.
    fn kernel(&self, copy: &mut Copy<'_>, members: &[Val]) -> Result<(), TypeError> {
        let graph = self.graph;
        // The members and the constants that they need.
        let mut inside = vec![false; graph.len()];
        members.iter().for_each(|v| inside[v.index()] = true);
        let mut wanted = vec![false; graph.len()];
        for v in graph.vals().rev() {
            if !inside[v.index()] {
                continue;
            }
            for o in graph.operands(v) {
                if self.places[o.index()] == Place::Anywhere {
                    inside[o.index()] = true;
                }
                wanted[o.index()] = true;
            }
        }
        let inputs: Vec<Val> = graph.vals().filter(|v| wanted[v.index()] && !inside[v.index()]).collect();
        let outputs = self.read_outside(members);
        let mut body = Copy { graph, out: Graph::new(graph.phase()), map: vec![None; graph.len()] };
        for v in &inputs {
            body.map[v.index()] = Some(body.out.input("x", Role::Argument, graph.ty(*v).clone()));
        }
        graph.vals().filter(|v| inside[v.index()]).try_for_each(|v| body.inside(v))?;
        let mut results: Vec<Val> = outputs.iter().filter_map(|v| body.map[v.index()]).collect();
        results.extend(witness(&mut body.out)?);
        body.out.set_outputs(results);
        let body = products(&scatter_loops(&made_once(&joins(&body.out)?)?)?)?;
        let body = added_constants(&scalar_exps(&body)?)?;
        let operands: Vec<Val> = inputs.iter().filter_map(|v| copy.map[v.index()]).collect();
        let fence = ops::Fence { kernel: true, body: Arc::new(body) };
        let results = copy.out.push_all(fence, &operands)?;
        for (v, result) in outputs.iter().zip(results) {
            copy.map[v.index()] = Some(result);
        }
        Ok(())
    }

    /// The members of a kernel that something outside of it reads.
    fn read_outside(&self, members: &[Val]) -> Vec<Val> {
        let graph = self.graph;
        let mut own = vec![false; graph.len()];
        members.iter().for_each(|v| own[v.index()] = true);
        let mut read = vec![false; graph.len()];
        graph.outputs().iter().for_each(|v| read[v.index()] = true);
        for v in graph.vals().filter(|v| !own[v.index()] && self.places[v.index()] != Place::Nowhere) {
            graph.operands(v).iter().for_each(|o| read[o.index()] = true);
        }
        members.iter().copied().filter(|v| read[v.index()]).collect()
    }
}

/// One number into which goes an element of each input.
///
/// XLA's compiler ends the process where its own simplifications leave a kernel with an input that nothing reads; what the
/// witness reads stays.
fn witness(body: &mut Graph) -> Result<Option<Val>, TypeError> {
    // Numbers, and vectors of one: XLA moves a reshape behind what is done to its result, one addition in each of its rounds.
    let mut sums: [Option<Val>; 2] = [None; 2];
    for v in body.inputs().to_vec() {
        let rank = body.ty(v).rank();
        let mut first = v;
        if rank > 0 {
            first = body.push(ops::Slice::new(Dims::from_elem(0, rank), Dims::from_elem(1, rank)), &[v])?;
        }
        first = body.convert(first, DType::F64)?;
        if rank > 1 {
            first = body.reshape(first, &[1])?;
        }
        let sum = &mut sums[rank.min(1)];
        *sum = Some(sum.map_or(Ok(first), |sum| body.add(sum, first))?);
    }
    let [numbers, vectors] = sums;
    let Some(vectors) = vectors else { return Ok(numbers) };
    let vectors = body.reshape(vectors, &[])?;
    Ok(Some(numbers.map_or(Ok(vectors), |numbers| body.add(numbers, vectors))?))
}

/// A graph under construction from the nodes of another.
struct Copy<'a> {
    graph: &'a Graph,
    out: Graph,
    map: Vec<Option<Val>>,
}

impl Copy<'_> {
    fn operands(&self, v: Val) -> Operands {
        self.graph.operands(v).iter().filter_map(|o| self.map[o.index()]).collect()
    }

    /// Copies a node whose operands are there, if it is not there itself.
    fn node(&mut self, v: Val) -> Result<(), TypeError> {
        if self.map[v.index()].is_none() {
            let operands = self.operands(v);
            self.map[v.index()] = Some(self.out.copy_node(self.graph, v, &operands)?);
        }
        Ok(())
    }

    /// The same inside of a kernel: of one that is a kernel already, its body.
    fn inside(&mut self, v: Val) -> Result<(), TypeError> {
        match self.graph.op(v) {
            Some(Op::Fence(fence)) if fence.kernel => {
                let results = self.out.inline(&fence.body, &self.operands(v))?;
                self.results(v, &results);
                Ok(())
            }
            _ => self.node(v),
        }
    }

    /// Notes the results of a node.
    fn results(&mut self, v: Val, results: &[Val]) {
        for (i, result) in results.iter().enumerate() {
            if let Some(part) = self.graph.part_of(v, i) {
                self.map[part.index()] = Some(*result);
            }
        }
    }
}
