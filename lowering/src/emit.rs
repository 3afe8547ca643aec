//! The walk over a graph: each node becomes the instruction its op's HLO rule describes; no op is named here.

use std::collections::{BTreeMap, BTreeSet};

use pyroxene_ir::{
    Array, DType, Graph, Node, Phase, Ty, Val,
    ops::{Hlo, HloAttr},
};

use crate::{
    attr,
    error::LowerError,
    literal::literal,
    proto::{CholeskyOptions, HloComputationProto, HloInstructionProto, HloModuleProto, ShapeProto},
    shape,
};

/// The name of the computation that runs.
const ENTRY: &str = "main";

/// The name of the computation that returns the second of two scalars.
const OVERWRITE: &str = "overwrite";

/// The module of a graph.
pub(crate) fn module(graph: &Graph, name: &str) -> Result<HloModuleProto, LowerError> {
    let name = sanitise(name);
    if let Some((v, site)) = graph.sites().next() {
        let loc = graph.node(v).loc.clone();
        return Err(LowerError::Site { site: site.name.clone(), kind: site.kind.name(), loc });
    }
    if graph.phase() == Phase::Model {
        return Err(LowerError::ModelPhase { name });
    }
    let mut emitter = Emitter::new(graph);
    emitter.parameters()?;
    let live = graph.reachable(graph.outputs());
    for v in graph.vals().filter(|v| live[v.index()]) {
        emitter.node(v)?;
    }
    Ok(emitter.finish(name))
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
struct Emitter<'g> {
    graph: &'g Graph,
    /// The instruction of each value, once there is one.
    ids: Vec<i64>,
    /// Instruction names in use, in all computations.
    names: BTreeSet<String>,
    /// The number of instructions so far, in all computations; ids count from 1.
    count: i64,
    /// The entry computation's instructions.
    entry: Vec<HloInstructionProto>,
    /// The computations it calls.
    called: Vec<HloComputationProto>,
    /// The called computation that combines two scalars, by opcode and element type.
    combiners: BTreeMap<(&'static str, DType), i64>,
    /// Scalar constants that attributes asked for, by element type and the bits of their value as a double.
    scalars: BTreeMap<(DType, u64), i64>,
}

impl<'g> Emitter<'g> {
    fn new(graph: &'g Graph) -> Emitter<'g> {
        Emitter {
            graph,
            ids: vec![0; graph.len()],
            names: BTreeSet::new(),
            count: 0,
            entry: Vec::new(),
            called: Vec::new(),
            combiners: BTreeMap::new(),
            scalars: BTreeMap::new(),
        }
    }

    /// Gives an instruction its id, and a name nobody has.
    fn number(&mut self, name: Option<String>, instruction: &mut HloInstructionProto) -> i64 {
        self.count += 1;
        let mut name = name.unwrap_or_else(|| format!("{}.{}", instruction.opcode, self.count));
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        instruction.name = name;
        instruction.id = self.count;
        self.count
    }

    fn add(&mut self, mut instruction: HloInstructionProto) -> i64 {
        let id = self.number(None, &mut instruction);
        self.entry.push(instruction);
        id
    }

    /// All inputs become parameters, used or not: the caller passes every one.
    fn parameters(&mut self) -> Result<(), LowerError> {
        for (position, v) in self.graph.inputs().iter().enumerate() {
            let mut parameter = parameter(position, self.shape(*v)?);
            let name = self.graph.input_of(*v).map(|i| sanitise(&i.name));
            self.ids[v.index()] = self.number(name, &mut parameter);
            self.entry.push(parameter);
        }
        Ok(())
    }

    /// Emits the instruction of a pure node.
    fn node(&mut self, v: Val) -> Result<(), LowerError> {
        let Some(op) = self.graph.op(v) else {
            // Inputs are parameters already, and a graph with sites has been refused.
            return Ok(());
        };
        let operands = self.graph.operands(v);
        let tys: Vec<Ty> = operands.iter().map(|o| self.graph.ty(*o).clone()).collect();
        let (opcode, attrs) = match op.hlo(&tys) {
            Hlo::Native(opcode) => (opcode, Vec::new()),
            Hlo::WithAttrs(opcode, attrs) => (opcode, attrs),
            Hlo::Expand(_) => {
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
        let instruction = self
            .attributes(instruction, &attrs, tys.first())
            .map_err(|attr| LowerError::Rule { val: v, op: op.name(), opcode, attr: format!("{attr:?}") })?;
        self.ids[v.index()] = self.add(instruction);
        Ok(())
    }

    /// Writes attributes into an instruction whose first operand has the given type, and adds to the module what they
    /// ask for. Fails with the attribute that needs an operand where there is none.
    fn attributes<'a>(
        &mut self,
        mut out: HloInstructionProto,
        attrs: &'a [HloAttr],
        first: Option<&Ty>,
    ) -> Result<HloInstructionProto, &'a HloAttr> {
        for attr in attrs {
            let dtype = first.map(|ty| ty.dtype).ok_or(attr);
            match attr {
                HloAttr::Dimensions(dims) => out.dimensions = shape::ints(dims),
                HloAttr::Literal(value) => out.literal = Some(literal(value)),
                HloAttr::Comparison(direction) => {
                    out.comparison_direction = attr::direction(*direction).into();
                    out.comparison_type = attr::comparison_type(dtype?).into();
                }
                HloAttr::Slice(ranges) => out.slice_dimensions = ranges.iter().map(attr::slice).collect(),
                HloAttr::ZeroPadding(amounts) => {
                    out.padding_config = Some(attr::padding(amounts));
                    out.operand_ids.push(self.scalar(dtype?, 0.0));
                }
                HloAttr::Combine(opcode, init) => {
                    let dtype = dtype?;
                    out.operand_ids.extend(init.map(|x| self.scalar(dtype, x)));
                    out.called_computation_ids.push(self.combiner(opcode, dtype));
                }
                HloAttr::Overwrite => out.called_computation_ids.push(self.overwrite(dtype?)),
                HloAttr::Gather(dims) => {
                    out.gather_dimension_numbers = Some(attr::gather(dims));
                    out.gather_slice_sizes = shape::ints(&dims.slice_sizes);
                }
                HloAttr::Dot(contract, batch) => out.dot_dimension_numbers = Some(attr::dot(contract, batch)),
                HloAttr::Cholesky => out.cholesky_options = Some(CholeskyOptions { lower: true }),
                HloAttr::TriangularSolve(op) => {
                    out.triangular_solve_options = Some(attr::triangular_solve(op));
                }
                HloAttr::Scatter(dims) => out.scatter_dimension_numbers = Some(attr::scatter(dims)),
            }
        }
        Ok(out)
    }

    fn shape(&self, v: Val) -> Result<ShapeProto, LowerError> {
        let Node { ty, loc, .. } = self.graph.node(v);
        if shape::fits(ty) {
            Ok(shape::array(ty))
        } else {
            Err(LowerError::TooLarge { val: v, ty: ty.clone(), loc: loc.clone() })
        }
    }

    /// A scalar constant of the entry computation.
    fn scalar(&mut self, dtype: DType, x: f64) -> i64 {
        if let Some(id) = self.scalars.get(&(dtype, x.to_bits())) {
            return *id;
        }
        let ty = Ty::scalar(dtype);
        let id = self.add(HloInstructionProto {
            opcode: "constant".into(),
            shape: Some(shape::array(&ty)),
            literal: Some(literal(&Array::filled(&ty, x))),
            ..HloInstructionProto::default()
        });
        self.scalars.insert((dtype, x.to_bits()), id);
        id
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
            shape: Some(scalar),
            operand_ids,
            ..HloInstructionProto::default()
        };
        self.number(None, &mut root);
        let id = self.called.len() as i64 + 1;
        self.called.push(computation(format!("{opcode}_{dtype}"), id, vec![x, y, root]));
        self.combiners.insert((opcode, dtype), id);
        id
    }

    /// The computation that returns the second of two scalars.
    fn overwrite(&mut self, dtype: DType) -> i64 {
        if let Some(id) = self.combiners.get(&(OVERWRITE, dtype)) {
            return *id;
        }
        let scalar = shape::array(&Ty::scalar(dtype));
        let (mut x, mut y) = (parameter(0, scalar.clone()), parameter(1, scalar));
        self.number(None, &mut x);
        self.number(None, &mut y);
        let id = self.called.len() as i64 + 1;
        self.called.push(computation(format!("{OVERWRITE}_{dtype}"), id, vec![x, y]));
        self.combiners.insert((OVERWRITE, dtype), id);
        id
    }

    /// The module, once every live node is there: the root tuple, the entry computation, and what it calls before it.
    fn finish(mut self, name: String) -> HloModuleProto {
        let outputs = self.graph.outputs();
        self.add(HloInstructionProto {
            opcode: "tuple".into(),
            shape: Some(shape::tuple(outputs.iter().map(|v| shape::array(self.graph.ty(*v))).collect())),
            operand_ids: outputs.iter().map(|v| self.ids[v.index()]).collect(),
            ..HloInstructionProto::default()
        });
        let mut computations = self.called;
        let entry_computation_id = computations.len() as i64 + 1;
        let entry = computation(ENTRY.into(), entry_computation_id, self.entry);
        let host_program_shape = entry.program_shape.clone();
        computations.push(entry);
        HloModuleProto {
            name,
            entry_computation_name: ENTRY.into(),
            computations,
            host_program_shape,
            id: 0,
            entry_computation_id,
        }
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

/// A computation that returns its last instruction, with the signature its parameters and that one give.
fn computation(name: String, id: i64, instructions: Vec<HloInstructionProto>) -> HloComputationProto {
    let parameters = instructions.iter().filter(|i| i.opcode == "parameter");
    let parameters = parameters.map(|i| (i.name.clone(), i.shape.clone().unwrap_or_default()));
    let root = instructions.last();
    let result = root.and_then(|i| i.shape.clone()).unwrap_or_default();
    HloComputationProto {
        name,
        program_shape: Some(shape::program(parameters, result)),
        id,
        root_id: root.map_or(0, |i| i.id),
        instructions,
    }
}
