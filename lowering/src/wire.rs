//! Parts of a module as bytes, each written once it is known: protobuf's repeated fields, one element after the other.

use prost::Message;

use crate::{
    proto::{HloComputationProto, HloInstructionProto, ProgramShapeProto, ShapeProto},
    shape,
};

/// The number of the field of a module that holds its computations.
pub(crate) const COMPUTATIONS: u8 = 3;

/// The number of the field of a computation that holds its instructions.
const INSTRUCTIONS: u8 = 2;

/// What stands before a message in a field of this number.
fn key(field: u8) -> u8 {
    field << 3 | 2
}

/// Appends a message, serialized already, as one element of a repeated field.
pub(crate) fn append(bytes: &mut Vec<u8>, field: u8, message: &[u8]) {
    bytes.push(key(field));
    let mut length = message.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(message);
}

/// The instructions of a computation, serialized.
#[derive(Default)]
pub(crate) struct Instructions {
    bytes: Vec<u8>,
    /// The names and types of its parameters.
    parameters: Vec<(String, ShapeProto)>,
}

impl Instructions {
    pub(crate) fn of(all: impl IntoIterator<Item = HloInstructionProto>) -> Instructions {
        let mut instructions = Instructions::default();
        all.into_iter().for_each(|i| instructions.push(&i));
        instructions
    }

    pub(crate) fn push(&mut self, instruction: &HloInstructionProto) {
        self.bytes.push(key(INSTRUCTIONS));
        let written = instruction.encode_length_delimited(&mut self.bytes);
        debug_assert!(written.is_ok(), "a vector grows as it is written");
        if instruction.opcode == "parameter" {
            self.parameters.push((instruction.name.clone(), instruction.shape.clone().unwrap_or_default()));
        }
    }

    /// The computation that returns one of them, of type `result`, and its signature.
    pub(crate) fn computation(
        &self,
        name: String,
        id: i64,
        root_id: i64,
        result: ShapeProto,
    ) -> (Vec<u8>, ProgramShapeProto) {
        let shape = shape::program(self.parameters.iter().cloned(), result);
        let mut bytes = HloComputationProto { name, ..HloComputationProto::default() }.encode_to_vec();
        bytes.extend_from_slice(&self.bytes);
        let program_shape = Some(shape.clone());
        let tail = HloComputationProto { program_shape, id, root_id, ..HloComputationProto::default() };
        bytes.extend(tail.encode_to_vec());
        (bytes, shape)
    }
}
