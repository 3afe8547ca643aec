//! The module of a graph: its entry computation, and those that it calls.
//!
//! Instructions are written as bytes as they come: as messages they would take ten times the memory.

mod writer;

use std::{collections::BTreeMap, hash::BuildHasher, sync::Arc};

use prost::Message;

use pyroxene_ir::{DType, Graph, Phase, Ty, Val};
use rustc_hash::{FxBuildHasher, FxHashSet};

use self::writer::Writer;
use crate::{
    error::LowerError,
    kernels::{bare_fence, kernel_count},
    proto::{HloInstructionProto, HloModuleProto, ShapeProto},
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

/// What the entry computation returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A tuple of the outputs.
    Tuple,
    /// The only output, if there is only one.
    Plain,
}

/// The module of a graph.
pub(crate) fn module(graph: &Graph, name: &str, returns: Entry) -> Result<Module, LowerError> {
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
    let (root, result) = match (returns, graph.outputs()) {
        (Entry::Plain, [v]) => (entry.ids[v.index()], shape::array(graph.ty(*v))),
        _ => (entry.tuple(graph.outputs()), entry.tuple_shape(graph.outputs())),
    };
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

fn parameter(position: usize, shape: ShapeProto) -> HloInstructionProto {
    HloInstructionProto {
        opcode: "parameter".into(),
        shape: Some(shape),
        parameter_number: position as i64,
        ..HloInstructionProto::default()
    }
}
