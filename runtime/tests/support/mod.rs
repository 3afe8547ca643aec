//! Small HLO programs for the tests, written with the few fields of XLA's `hlo.proto` that they need, and the
//! backend.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by several test binaries; failures should stop a test"
)]

pub mod conformance;

use std::sync::Arc;

use prost::Message;
use pyroxene_ir::{DType, Ty};
use pyroxene_runtime::{Backend, Input, Module, default_backend};

#[derive(Clone, PartialEq, Message)]
pub struct HloModuleProto {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub entry_computation_name: String,
    #[prost(message, repeated, tag = "3")]
    pub computations: Vec<HloComputationProto>,
    #[prost(message, optional, tag = "4")]
    pub host_program_shape: Option<ProgramShapeProto>,
    #[prost(int64, tag = "5")]
    pub id: i64,
    #[prost(int64, tag = "6")]
    pub entry_computation_id: i64,
    #[prost(message, optional, tag = "8")]
    pub input_output_alias: Option<AliasProto>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AliasProto {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub entries: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct HloComputationProto {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, repeated, tag = "2")]
    pub instructions: Vec<HloInstructionProto>,
    #[prost(message, optional, tag = "4")]
    pub program_shape: Option<ProgramShapeProto>,
    #[prost(int64, tag = "5")]
    pub id: i64,
    #[prost(int64, tag = "6")]
    pub root_id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct HloInstructionProto {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub opcode: String,
    #[prost(message, optional, tag = "3")]
    pub shape: Option<ShapeProto>,
    #[prost(int64, tag = "9")]
    pub parameter_number: i64,
    #[prost(int64, tag = "35")]
    pub id: i64,
    #[prost(int64, repeated, tag = "36")]
    pub operand_ids: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ProgramShapeProto {
    #[prost(message, repeated, tag = "1")]
    pub parameters: Vec<ShapeProto>,
    #[prost(message, optional, tag = "2")]
    pub result: Option<ShapeProto>,
    #[prost(string, repeated, tag = "3")]
    pub parameter_names: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ShapeProto {
    #[prost(int32, tag = "2")]
    pub element_type: i32,
    #[prost(int64, repeated, tag = "3")]
    pub dimensions: Vec<i64>,
    #[prost(message, repeated, tag = "4")]
    pub tuple_shapes: Vec<ShapeProto>,
    #[prost(message, optional, tag = "5")]
    pub layout: Option<LayoutProto>,
    #[prost(bool, repeated, tag = "6")]
    pub is_dynamic_dimension: Vec<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub struct LayoutProto {
    #[prost(int64, repeated, tag = "1")]
    pub minor_to_major: Vec<i64>,
}

pub fn shape(ty: &Ty) -> ShapeProto {
    let element_type = match ty.dtype {
        DType::Bool => 1,
        DType::I32 => 4,
        DType::I64 => 5,
        DType::U32 => 8,
        DType::U64 => 9,
        DType::F32 => 11,
        DType::F64 => 12,
    };
    ShapeProto {
        element_type,
        dimensions: ty.dims.iter().map(|d| *d as i64).collect(),
        layout: Some(LayoutProto { minor_to_major: (0..ty.rank() as i64).rev().collect() }),
        is_dynamic_dimension: vec![false; ty.rank()],
        tuple_shapes: Vec::new(),
    }
}

/// A program under construction: straight-line code, one instruction a call.
pub struct Hlo {
    name: String,
    inputs: Vec<Input>,
    instructions: Vec<HloInstructionProto>,
}

/// A finished program with its declaration.
#[derive(Clone)]
pub struct Program {
    pub name: String,
    pub proto: HloModuleProto,
    pub bytes: Vec<u8>,
    pub inputs: Vec<Input>,
    pub outputs: Vec<Ty>,
}

impl Program {
    pub fn module(&self) -> Module<'_> {
        Module {
            name: &self.name,
            hlo: &self.bytes,
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
        }
    }

    /// The same program with its proto changed.
    pub fn changed(&self, change: impl FnOnce(&mut HloModuleProto)) -> Program {
        let mut program = self.clone();
        change(&mut program.proto);
        program.bytes = program.proto.encode_to_vec();
        program
    }
}

impl Hlo {
    pub fn new(name: &str) -> Hlo {
        Hlo { name: name.to_string(), inputs: Vec::new(), instructions: Vec::new() }
    }

    pub fn parameter(&mut self, name: &str, ty: &Ty) -> i64 {
        let id = self.op("parameter", ty, &[]);
        self.instructions.last_mut().unwrap().parameter_number = self.inputs.len() as i64;
        self.inputs.push(Input::new(name, ty.clone()));
        id
    }

    pub fn op(&mut self, opcode: &str, ty: &Ty, operands: &[i64]) -> i64 {
        self.push(opcode, shape(ty), operands)
    }

    fn push(&mut self, opcode: &str, shape: ShapeProto, operands: &[i64]) -> i64 {
        let id = self.instructions.len() as i64 + 1;
        self.instructions.push(HloInstructionProto {
            name: format!("{opcode}.{id}"),
            opcode: opcode.to_string(),
            shape: Some(shape),
            id,
            operand_ids: operands.to_vec(),
            parameter_number: 0,
        });
        id
    }

    pub fn finish(mut self, outputs: &[(i64, Ty)]) -> Program {
        let result = ShapeProto {
            element_type: 13,
            tuple_shapes: outputs.iter().map(|o| shape(&o.1)).collect(),
            ..ShapeProto::default()
        };
        let ids: Vec<i64> = outputs.iter().map(|o| o.0).collect();
        let root_id = self.push("tuple", result.clone(), &ids);
        self.program(outputs, root_id, result)
    }

    /// The program that returns its only output itself.
    pub fn finish_bare(self, output: i64, ty: &Ty) -> Program {
        self.program(&[(output, ty.clone())], output, shape(ty))
    }

    fn program(self, outputs: &[(i64, Ty)], root_id: i64, result: ShapeProto) -> Program {
        let program_shape = ProgramShapeProto {
            parameters: self.inputs.iter().map(|i| shape(&i.ty)).collect(),
            result: Some(result),
            parameter_names: self.inputs.iter().map(|i| i.name.clone()).collect(),
        };
        let proto = HloModuleProto {
            name: self.name.clone(),
            entry_computation_name: "main".to_string(),
            computations: vec![HloComputationProto {
                name: "main".to_string(),
                instructions: self.instructions,
                program_shape: Some(program_shape.clone()),
                id: 1,
                root_id,
            }],
            host_program_shape: Some(program_shape),
            id: 1,
            entry_computation_id: 1,
            input_output_alias: None,
        };
        let bytes = proto.encode_to_vec();
        Program {
            name: self.name,
            proto,
            bytes,
            inputs: self.inputs,
            outputs: outputs.iter().map(|o| o.1.clone()).collect(),
        }
    }
}

/// `(x * x + y, x * x)` for x and y of type `ty`.
pub fn square_plus(name: &str, ty: &Ty) -> Program {
    let mut hlo = Hlo::new(name);
    let (x, y) = (hlo.parameter("x", ty), hlo.parameter("y", ty));
    let square = hlo.op("multiply", ty, &[x, x]);
    let sum = hlo.op("add", ty, &[square, y]);
    hlo.finish(&[(sum, ty.clone()), (square, ty.clone())])
}

/// The backend that the environment names, installed at first use.
pub fn backend() -> Arc<dyn Backend> {
    default_backend().unwrap()
}
