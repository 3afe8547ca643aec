//! The walk over one graph, into one computation: each node becomes the instruction that its op's HLO rule describes; no op
//! is named here.

use std::{collections::BTreeMap, sync::Arc};

use pyroxene_ir::{
    Array, DType, Graph, Kind, Op, Ty, Val,
    ops::{Hlo, HloAttr},
};

use super::{Emitter, Signature, parameter, sanitise};
use crate::{
    attr,
    error::LowerError,
    literal::literal,
    proto::{CholeskyOptions, FrontendAttributes, HloInstructionProto, ShapeProto},
    shape,
    wire::Instructions,
};

/// One computation under construction.
pub(super) struct Writer<'m, 'g> {
    module: &'m mut Emitter,
    graph: &'g Graph,
    /// The instruction of each value, once there is one.
    pub(super) ids: Vec<i64>,
    /// The tuple of each node with several results, and how many elements come before them.
    tuples: BTreeMap<Val, (i64, usize)>,
    pub(super) instructions: Instructions,
    /// Scalar constants that attributes asked for, by element type and the bits of their value as a double.
    scalars: BTreeMap<(DType, u64), i64>,
    /// A fence that makes all that a loop's body changes.
    pub(super) bare: Option<Val>,
}

impl<'m, 'g> Writer<'m, 'g> {
    pub(super) fn new(module: &'m mut Emitter, graph: &'g Graph) -> Writer<'m, 'g> {
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
    pub(super) fn parameters(&mut self) -> Result<(), LowerError> {
        for (position, v) in self.graph.inputs().iter().enumerate() {
            let mut parameter = parameter(position, self.shape(*v)?);
            let name = self.graph.input_of(*v).map(|i| sanitise(&i.name));
            self.ids[v.index()] = self.module.number(name, &mut parameter);
            self.instructions.push(&parameter);
        }
        Ok(())
    }

    /// One parameter, of which the inputs are the elements.
    pub(super) fn tuple_parameter(&mut self) -> Result<(), LowerError> {
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
    pub(super) fn tuple(&mut self, values: &[Val]) -> i64 {
        self.add(HloInstructionProto {
            opcode: "tuple".into(),
            shape: Some(self.tuple_shape(values)),
            operand_ids: values.iter().map(|v| self.ids[v.index()]).collect(),
            ..HloInstructionProto::default()
        })
    }

    /// The type of values as one tuple.
    pub(super) fn tuple_shape(&self, values: &[Val]) -> ShapeProto {
        shape::tuple(values.iter().map(|v| shape::array(self.graph.ty(*v))).collect())
    }

    /// Emits what the roots need.
    pub(super) fn live(&mut self, roots: &[Val]) -> Result<(), LowerError> {
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
