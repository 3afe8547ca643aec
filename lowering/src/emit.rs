//! The walk over a graph: each node becomes the instruction its op's HLO rule describes; no op is named here.
//!
//! Instructions are written as bytes as they come: as messages they would take ten times the memory.

use std::{collections::BTreeMap, hash::BuildHasher, sync::Arc};

use prost::Message;

use pyroxene_ir::{
    Array, DType, Graph, Kind, Op, Phase, Ty, Val,
    ops::{Hlo, HloAttr},
};
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::{
    attr,
    error::LowerError,
    kernels::{bare_fence, kernel_count},
    literal::literal,
    proto::{CholeskyOptions, FrontendAttributes, HloInstructionProto, HloModuleProto, ShapeProto},
    shape,
    wire::{COMPUTATIONS, Instructions, append},
};

/// The name of the computation that runs.
const ENTRY: &str = "main";

/// The name of the computation that returns the second of two scalars.
const OVERWRITE: &str = "overwrite";

/// A serialized module.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) hlo: Vec<u8>,
    /// The number of instructions in it.
    pub(crate) instructions: usize,
}

/// The module of a graph.
pub(crate) fn module(graph: &Graph, name: &str) -> Result<Module, LowerError> {
    let name = sanitise(name);
    if let Some((v, site)) = graph.sites().next() {
        let loc = graph.node(v).loc.clone();
        return Err(LowerError::Site { site: site.name.clone(), kind: site.kind.name(), loc });
    }
    if graph.phase() == Phase::Model {
        return Err(LowerError::ModelPhase { name });
    }
    let mut emitter = Emitter { has_kernels: kernel_count(graph) > 0, ..Emitter::default() };
    let mut entry = Writer::new(&mut emitter, graph);
    entry.parameters()?;
    entry.live(graph.outputs())?;
    let (root, result) = (entry.tuple(graph.outputs()), entry.tuple_shape(graph.outputs()));
    let instructions = entry.instructions;
    Ok(emitter.finish(name, instructions, root, result))
}

/// The part of a name XLA accepts: letters, digits, `_`, `.`, `-`, no digit in front.
fn sanitise(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let mut out: String = name.chars().map(keep).collect();
    if !out.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        out.insert(0, '_');
    }
    out
}

/// One module under construction.
#[derive(Default)]
struct Emitter {
    /// The hashes of the instruction names in use, in all computations: two names of one hash count as the same.
    names: FxHashSet<u64>,
    /// The number of instructions so far, in all computations; ids count from 1.
    count: i64,
    /// Whether something in the module is to become one function of machine code.
    has_kernels: bool,
    /// The computations that the entry calls, directly or through others.
    called: Vec<Vec<u8>>,
    /// The called computation that combines two scalars, by opcode and element type.
    combiners: BTreeMap<(&'static str, DType), i64>,
    /// The called computations of graphs inside ops.
    bodies: Vec<(Arc<Graph>, Signature, i64)>,
}

/// How a graph inside an op becomes a computation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signature {
    /// It takes a tuple and returns one: its first inputs, as many as this, and then its outputs.
    Tuples(usize),
    /// It takes a tuple and returns its only output.
    Predicate,
    /// It takes its inputs and returns its only output.
    Plain,
    /// It takes its inputs and returns a tuple of its outputs.
    Called,
}

impl Emitter {
    /// Gives an instruction its id, and a name nobody has.
    fn number(&mut self, name: Option<String>, instruction: &mut HloInstructionProto) -> i64 {
        self.count += 1;
        let mut name = name.unwrap_or_else(|| format!("{}.{}", instruction.opcode, self.count));
        while !self.names.insert(FxBuildHasher.hash_one(&name)) {
            name.push('_');
        }
        instruction.name = name;
        instruction.id = self.count;
        self.count
    }

    /// The computation that combines two scalars by a binary opcode.
    fn combiner(&mut self, opcode: &'static str, dtype: DType) -> i64 {
        if let Some(id) = self.combiners.get(&(opcode, dtype)) {
            return *id;
        }
        let scalar = shape::array(&Ty::scalar(dtype));
        let (mut x, mut y) = (parameter(0, scalar.clone()), parameter(1, scalar.clone()));
        let operand_ids = vec![self.number(None, &mut x), self.number(None, &mut y)];
        let mut root = HloInstructionProto {
            opcode: opcode.into(),
            shape: Some(scalar.clone()),
            operand_ids,
            ..HloInstructionProto::default()
        };
        let root_id = self.number(None, &mut root);
        let instructions = Instructions::of([x, y, root]);
        let id = self.call(format!("{opcode}_{dtype}"), &instructions, root_id, scalar);
        self.combiners.insert((opcode, dtype), id);
        id
    }

    /// The computation that returns the second of two scalars.
    fn overwrite(&mut self, dtype: DType) -> i64 {
        if let Some(id) = self.combiners.get(&(OVERWRITE, dtype)) {
            return *id;
        }
        let scalar = shape::array(&Ty::scalar(dtype));
        let (mut x, mut y) = (parameter(0, scalar.clone()), parameter(1, scalar.clone()));
        self.number(None, &mut x);
        let root = self.number(None, &mut y);
        let id = self.call(format!("{OVERWRITE}_{dtype}"), &Instructions::of([x, y]), root, scalar);
        self.combiners.insert((OVERWRITE, dtype), id);
        id
    }

    /// The computation of a graph inside an op.
    fn body(&mut self, graph: &Arc<Graph>, signature: Signature) -> Result<i64, LowerError> {
        if let Some((.., id)) = self.bodies.iter().find(|(g, s, _)| *s == signature && g == graph) {
            return Ok(*id);
        }
        let mut writer = Writer::new(self, graph);
        match signature {
            Signature::Plain | Signature::Called => writer.parameters()?,
            Signature::Tuples(_) | Signature::Predicate => writer.tuple_parameter()?,
        }
        writer.bare = bare_fence(graph);
        writer.live(graph.outputs())?;
        let (root, result) = match signature {
            Signature::Tuples(kept) => {
                let results: Vec<Val> =
                    graph.inputs()[..kept].iter().chain(graph.outputs()).copied().collect();
                (writer.tuple(&results), writer.tuple_shape(&results))
            }
            Signature::Called => (writer.tuple(graph.outputs()), writer.tuple_shape(graph.outputs())),
            Signature::Predicate | Signature::Plain => {
                let of = |v: &Val| (writer.ids[v.index()], shape::array(graph.ty(*v)));
                graph.outputs().first().map(of).unwrap_or_default()
            }
        };
        let instructions = writer.instructions;
        let name = format!("body.{}", self.called.len() + 1);
        let id = self.call(name, &instructions, root, result);
        self.bodies.push((graph.clone(), signature, id));
        Ok(id)
    }

    /// Adds a computation that others call, and returns its id.
    fn call(&mut self, name: String, instructions: &Instructions, root: i64, result: ShapeProto) -> i64 {
        let id = self.called.len() as i64 + 1;
        self.called.push(instructions.computation(name, id, root, result).0);
        id
    }

    /// The module: the entry computation after what it calls.
    fn finish(self, name: String, entry: Instructions, root: i64, result: ShapeProto) -> Module {
        let id = self.called.len() as i64 + 1;
        let (entry, shape) = entry.computation(ENTRY.into(), id, root, result);
        let entry_computation_name = ENTRY.into();
        let head = HloModuleProto { name: name.clone(), entry_computation_name, ..HloModuleProto::default() };
        let mut hlo = head.encode_to_vec();
        for computation in self.called.iter().chain([&entry]) {
            append(&mut hlo, COMPUTATIONS, computation);
        }
        let host_program_shape = Some(shape);
        let tail =
            HloModuleProto { host_program_shape, entry_computation_id: id, ..HloModuleProto::default() };
        hlo.extend(tail.encode_to_vec());
        Module { name, hlo, instructions: self.count as usize }
    }
}

/// One computation under construction.
struct Writer<'m, 'g> {
    module: &'m mut Emitter,
    graph: &'g Graph,
    /// The instruction of each value, once there is one.
    ids: Vec<i64>,
    /// The tuple of each node with several results, and how many elements come before them.
    tuples: BTreeMap<Val, (i64, usize)>,
    instructions: Instructions,
    /// Scalar constants that attributes asked for, by element type and the bits of their value as a double.
    scalars: BTreeMap<(DType, u64), i64>,
    /// A fence that makes all that a loop's body changes.
    bare: Option<Val>,
}

impl<'m, 'g> Writer<'m, 'g> {
    fn new(module: &'m mut Emitter, graph: &'g Graph) -> Writer<'m, 'g> {
        Writer {
            module,
            graph,
            ids: vec![0; graph.len()],
            tuples: BTreeMap::new(),
            instructions: Instructions::default(),
            scalars: BTreeMap::new(),
            bare: None,
        }
    }

    fn add(&mut self, mut instruction: HloInstructionProto) -> i64 {
        let id = self.module.number(None, &mut instruction);
        self.instructions.push(&instruction);
        id
    }

    /// All inputs become parameters, used or not: the caller passes every one.
    fn parameters(&mut self) -> Result<(), LowerError> {
        for (position, v) in self.graph.inputs().iter().enumerate() {
            let mut parameter = parameter(position, self.shape(*v)?);
            let name = self.graph.input_of(*v).map(|i| sanitise(&i.name));
            self.ids[v.index()] = self.module.number(name, &mut parameter);
            self.instructions.push(&parameter);
        }
        Ok(())
    }

    /// One parameter, of which the inputs are the elements.
    fn tuple_parameter(&mut self) -> Result<(), LowerError> {
        let inputs = self.graph.inputs();
        let shapes: Vec<ShapeProto> = inputs.iter().map(|v| self.shape(*v)).collect::<Result<_, _>>()?;
        let tuple = self.add(parameter(0, shape::tuple(shapes.clone())));
        for (i, (v, shape)) in inputs.iter().zip(shapes).enumerate() {
            self.ids[v.index()] = self.element(tuple, i, shape);
        }
        Ok(())
    }

    /// Element `i` of a tuple.
    fn element(&mut self, tuple: i64, i: usize, shape: ShapeProto) -> i64 {
        self.add(HloInstructionProto {
            opcode: "get-tuple-element".into(),
            shape: Some(shape),
            tuple_index: i as i64,
            operand_ids: vec![tuple],
            ..HloInstructionProto::default()
        })
    }

    /// Values as one tuple.
    fn tuple(&mut self, values: &[Val]) -> i64 {
        self.add(HloInstructionProto {
            opcode: "tuple".into(),
            shape: Some(self.tuple_shape(values)),
            operand_ids: values.iter().map(|v| self.ids[v.index()]).collect(),
            ..HloInstructionProto::default()
        })
    }

    /// The type of values as one tuple.
    fn tuple_shape(&self, values: &[Val]) -> ShapeProto {
        shape::tuple(values.iter().map(|v| shape::array(self.graph.ty(*v))).collect())
    }

    /// Emits what the roots need.
    fn live(&mut self, roots: &[Val]) -> Result<(), LowerError> {
        let graph = self.graph;
        let live = graph.reachable(roots);
        graph.vals().filter(|v| live[v.index()]).try_for_each(|v| self.node(v))
    }

    /// Emits the instruction of a node.
    fn node(&mut self, v: Val) -> Result<(), LowerError> {
        let (op, operands) = match &self.graph.node(v).kind {
            Kind::Pure(op) => (op, self.graph.operands(v)),
            Kind::Part(i) => {
                let (tuple, kept) = self.tuples.get(&self.graph.operands(v)[0]).copied().unwrap_or_default();
                self.ids[v.index()] = self.element(tuple, kept + *i as usize, self.shape(v)?);
                return Ok(());
            }
            // Inputs are parameters already, and a graph with sites has been refused.
            Kind::Input(_) | Kind::Site(_) => return Ok(()),
        };
        let tys: Vec<Ty> = operands.iter().map(|o| self.graph.ty(*o).clone()).collect();
        let (opcode, attrs) = match op.hlo(&tys) {
            Hlo::Native(opcode) => (opcode, Vec::new()),
            Hlo::WithAttrs(opcode, attrs) => (opcode, attrs),
            Hlo::Expand(_) | Hlo::ExpandOp(_) => {
                let loc = self.graph.node(v).loc.clone();
                return Err(LowerError::NotLegalized { val: v, op: op.name(), loc });
            }
        };
        let instruction = HloInstructionProto {
            opcode: opcode.into(),
            shape: Some(self.shape(v)?),
            operand_ids: operands.iter().map(|o| self.ids[o.index()]).collect(),
            ..HloInstructionProto::default()
        };
        match attrs.as_slice() {
            [HloAttr::Loop { cond, body }] => self.while_loop(v, instruction, &operands, cond, body),
            [HloAttr::Call { body, kernel }] => self.call(v, instruction, body, *kernel),
            [HloAttr::Branches(branches)] => self.conditional(v, instruction, &operands, branches),
            _ => self.instruction(v, op, instruction, &attrs, &tys),
        }
    }

    /// Adds an instruction whose attributes are not about tuples.
    fn instruction(
        &mut self,
        v: Val,
        op: &Op,
        instruction: HloInstructionProto,
        attrs: &[HloAttr],
        tys: &[Ty],
    ) -> Result<(), LowerError> {
        let opcode = instruction.opcode.clone();
        let mut instruction = self
            .attributes(instruction, attrs, tys.first())?
            .map_err(|attr| LowerError::Rule { val: v, op: op.name(), opcode, attr: format!("{attr:?}") })?;
        if self.graph.node(v).rest.is_empty() {
            self.ids[v.index()] = self.add(instruction);
            return Ok(());
        }
        instruction.shape = Some(self.results(v)?);
        let tuple = self.add(instruction);
        self.first_of(v, tuple, 0)
    }

    /// The tuple type of a node's results.
    fn results(&self, v: Val) -> Result<ShapeProto, LowerError> {
        let shapes = self.graph.node(v).results().map(|ty| self.fitting(v, ty));
        Ok(shape::tuple(shapes.collect::<Result<_, _>>()?))
    }

    /// Notes the tuple that holds the results of `v` after `kept` other elements, and takes out the first.
    fn first_of(&mut self, v: Val, tuple: i64, kept: usize) -> Result<(), LowerError> {
        self.tuples.insert(v, (tuple, kept));
        self.ids[v.index()] = self.element(tuple, kept, self.shape(v)?);
        Ok(())
    }

    fn while_loop(
        &mut self,
        v: Val,
        mut instruction: HloInstructionProto,
        operands: &[Val],
        cond: &Arc<Graph>,
        body: &Arc<Graph>,
    ) -> Result<(), LowerError> {
        let kept = operands.len() - body.outputs().len();
        let body = self.module.body(body, Signature::Tuples(kept))?;
        instruction.called_computation_ids = vec![body, self.module.body(cond, Signature::Predicate)?];
        let shapes = operands.iter().map(|o| self.shape(*o)).collect::<Result<_, _>>()?;
        instruction.shape = Some(shape::tuple(shapes));
        instruction.operand_ids = vec![self.tuple(operands)];
        let tuple = self.add(instruction);
        // A while returns all that it takes; what changes comes last.
        self.first_of(v, tuple, kept)
    }

    fn conditional(
        &mut self,
        v: Val,
        mut instruction: HloInstructionProto,
        operands: &[Val],
        branches: &[Arc<Graph>],
    ) -> Result<(), LowerError> {
        let bodies = branches.iter().map(|b| self.module.body(b, Signature::Tuples(0)));
        instruction.called_computation_ids = bodies.collect::<Result<_, _>>()?;
        instruction.shape = Some(self.results(v)?);
        let shared = self.tuple(&operands[1..]);
        instruction.operand_ids.truncate(1);
        instruction.operand_ids.extend(branches.iter().map(|_| shared));
        let tuple = self.add(instruction);
        self.first_of(v, tuple, 0)
    }

    /// A call of a graph, which a compiler puts in place of the call, unless the module has kernels: in these it keeps fences.
    ///
    /// Not one that is all of a loop's body: XLA makes such a call the body's root, and then takes its operands for the
    /// loop's results, so that a value which the loop changes counts as one that stays.
    fn call(
        &mut self,
        v: Val,
        mut instruction: HloInstructionProto,
        body: &Arc<Graph>,
        kernel: bool,
    ) -> Result<(), LowerError> {
        instruction.called_computation_ids = vec![self.module.body(body, Signature::Called)?];
        instruction.shape = Some(self.results(v)?);
        if self.module.has_kernels && self.bare != Some(v) {
            let mut attributes = FrontendAttributes::default();
            let names = [("inlineable", "false"), ("xla_cpu_small_call", "true")];
            let hints = names.into_iter().take(1 + usize::from(kernel));
            attributes.map.extend(hints.map(|(name, value)| (name.to_string(), value.to_string())));
            instruction.frontend_attributes = Some(Box::new(attributes));
        }
        let tuple = self.add(instruction);
        self.first_of(v, tuple, 0)
    }

    /// Writes attributes into an instruction whose first operand has the given type, and adds to the module what they
    /// ask for. Fails with the attribute that needs an operand where there is none.
    fn attributes<'a>(
        &mut self,
        mut out: HloInstructionProto,
        attrs: &'a [HloAttr],
        first: Option<&Ty>,
    ) -> Result<Result<HloInstructionProto, &'a HloAttr>, LowerError> {
        for attr in attrs {
            let dtype = first.map(|ty| ty.dtype);
            match attr {
                HloAttr::Dimensions(dims) => out.dimensions = shape::ints(dims),
                HloAttr::Literal(value) => out.literal = Some(Box::new(literal(value))),
                HloAttr::Slice(ranges) => out.slice_dimensions = ranges.iter().map(attr::slice).collect(),
                HloAttr::SliceSizes(sizes) => out.dynamic_slice_sizes = shape::ints(sizes),
                HloAttr::Gather(dims) => {
                    out.gather_dimension_numbers = Some(Box::new(attr::gather(dims)));
                    out.gather_slice_sizes = shape::ints(&dims.slice_sizes);
                }
                HloAttr::Dot(contract, batch) => {
                    out.dot_dimension_numbers = Some(Box::new(attr::dot(contract, batch)));
                }
                HloAttr::CustomCall(target) => out.custom_call_target = (*target).into(),
                HloAttr::Cholesky => out.cholesky_options = Some(CholeskyOptions { lower: true }),
                HloAttr::TriangularSolve(op) => {
                    out.triangular_solve_options = Some(attr::triangular_solve(op));
                }
                HloAttr::Scatter(dims) => out.scatter_dimension_numbers = Some(Box::new(attr::scatter(dims))),
                HloAttr::Sort { axis, comparator } => {
                    out.dimensions = vec![*axis as i64];
                    out.is_stable = true;
                    out.called_computation_ids.push(self.module.body(comparator, Signature::Plain)?);
                }
                HloAttr::Comparison(_)
                | HloAttr::ZeroPadding(_)
                | HloAttr::Combine(..)
                | HloAttr::Overwrite => {
                    let Some(dtype) = dtype else { return Ok(Err(attr)) };
                    self.typed_attribute(&mut out, attr, dtype);
                }
                // These are whole instructions of their own.
                HloAttr::Loop { .. } | HloAttr::Branches(_) | HloAttr::Call { .. } => return Ok(Err(attr)),
            }
        }
        Ok(Ok(out))
    }

    /// Writes an attribute that depends on the operands' element type.
    fn typed_attribute(&mut self, out: &mut HloInstructionProto, attr: &HloAttr, dtype: DType) {
        match attr {
            HloAttr::Comparison(direction) => {
                out.comparison_direction = attr::direction(*direction).into();
                out.comparison_type = attr::comparison_type(dtype).into();
            }
            HloAttr::ZeroPadding(amounts) => {
                out.padding_config = Some(attr::padding(amounts));
                out.operand_ids.push(self.scalar(dtype, 0.0));
            }
            HloAttr::Combine(opcode, init) => {
                out.operand_ids.extend(init.map(|x| self.scalar(dtype, x)));
                out.called_computation_ids.push(self.module.combiner(opcode, dtype));
            }
            HloAttr::Overwrite => out.called_computation_ids.push(self.module.overwrite(dtype)),
            _ => {}
        }
    }

    fn shape(&self, v: Val) -> Result<ShapeProto, LowerError> {
        self.fitting(v, self.graph.ty(v))
    }

    fn fitting(&self, v: Val, ty: &Ty) -> Result<ShapeProto, LowerError> {
        if shape::fits(ty) {
            Ok(shape::array(ty))
        } else {
            let loc = self.graph.node(v).loc.clone();
            Err(LowerError::TooLarge { val: v, ty: ty.clone(), loc })
        }
    }

    /// A scalar constant of this computation.
    fn scalar(&mut self, dtype: DType, x: f64) -> i64 {
        if let Some(id) = self.scalars.get(&(dtype, x.to_bits())) {
            return *id;
        }
        let ty = Ty::scalar(dtype);
        let id = self.add(HloInstructionProto {
            opcode: "constant".into(),
            shape: Some(shape::array(&ty)),
            literal: Some(Box::new(literal(&Array::filled(&ty, x)))),
            ..HloInstructionProto::default()
        });
        self.scalars.insert((dtype, x.to_bits()), id);
        id
    }
}

fn parameter(position: usize, shape: ShapeProto) -> HloInstructionProto {
    HloInstructionProto {
        opcode: "parameter".into(),
        shape: Some(shape),
        parameter_number: position as i64,
        ..HloInstructionProto::default()
    }
}
