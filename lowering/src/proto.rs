//! XLA's serialized form of a program: the messages of `hlo.proto` and `xla_data.proto` this compiler writes.
//!
//! Source: OpenXLA, `xla/service/hlo.proto` and `xla/xla_data.proto` (Apache-2.0); message names, field names and field
//! numbers are theirs. Fields of instructions Pyroxene does not emit are left out: an absent proto3 field reads as
//! its default, and these numbers have been stable for as long as the files are public.

use std::collections::BTreeMap;

use prost::Message;

/// `xla.HloModuleProto`: a whole program.
#[derive(Clone, PartialEq, Message)]
pub struct HloModuleProto {
    /// The module's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The name of the computation that runs.
    #[prost(string, tag = "2")]
    pub entry_computation_name: String,
    /// All computations, callees before callers.
    #[prost(message, repeated, tag = "3")]
    pub computations: Vec<HloComputationProto>,
    /// Types and layouts of the entry computation, as the host sees them.
    #[prost(message, optional, tag = "4")]
    pub host_program_shape: Option<ProgramShapeProto>,
    /// The module's id; zero here, for any other would make equal programs differ.
    #[prost(int64, tag = "5")]
    pub id: i64,
    /// The id of the computation that runs.
    #[prost(int64, tag = "6")]
    pub entry_computation_id: i64,
}

/// `xla.HloComputationProto`: a function.
#[derive(Clone, PartialEq, Message)]
pub struct HloComputationProto {
    /// Its name, unique in the module.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its instructions, operands before users.
    #[prost(message, repeated, tag = "2")]
    pub instructions: Vec<HloInstructionProto>,
    /// Types and layouts of its parameters and result.
    #[prost(message, optional, tag = "4")]
    pub program_shape: Option<ProgramShapeProto>,
    /// Its id, unique among computations.
    #[prost(int64, tag = "5")]
    pub id: i64,
    /// The instruction whose value it returns.
    #[prost(int64, tag = "6")]
    pub root_id: i64,
}

/// `xla.HloInstructionProto`: one instruction. Which fields count depends on the opcode.
#[derive(Clone, PartialEq, Message)]
pub struct HloInstructionProto {
    /// Its name, unique in the module.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What it computes.
    #[prost(string, tag = "2")]
    pub opcode: String,
    /// The type and layout of its value.
    #[prost(message, optional, tag = "3")]
    pub shape: Option<ShapeProto>,
    /// The value of a constant.
    #[prost(message, optional, boxed, tag = "8")]
    pub literal: Option<Box<LiteralProto>>,
    /// The position of a parameter.
    #[prost(int64, tag = "9")]
    pub parameter_number: i64,
    /// The position of an element in a tuple.
    #[prost(int64, tag = "13")]
    pub tuple_index: i64,
    /// Dimensions of a broadcast, transpose, reduce, concatenate or iota.
    #[prost(int64, repeated, tag = "14")]
    pub dimensions: Vec<i64>,
    /// The range of a slice along each dimension.
    #[prost(message, repeated, tag = "17")]
    pub slice_dimensions: Vec<SliceDimensions>,
    /// The sizes of a dynamic slice.
    #[prost(int64, repeated, tag = "20")]
    pub dynamic_slice_sizes: Vec<i64>,
    /// The amounts of a pad.
    #[prost(message, optional, tag = "21")]
    pub padding_config: Option<PaddingConfig>,
    /// What a custom call calls.
    #[prost(string, tag = "28")]
    pub custom_call_target: String,
    /// Which dimensions a dot contracts and pairs.
    #[prost(message, optional, boxed, tag = "30")]
    pub dot_dimension_numbers: Option<Box<DotDimensionNumbers>>,
    /// Which dimensions a gather reads.
    #[prost(message, optional, boxed, tag = "33")]
    pub gather_dimension_numbers: Option<Box<GatherDimensionNumbers>>,
    /// The size of the slices a gather reads.
    #[prost(int64, repeated, tag = "34")]
    pub gather_slice_sizes: Vec<i64>,
    /// Its id, unique in the module.
    #[prost(int64, tag = "35")]
    pub id: i64,
    /// The ids of its operands, in order.
    #[prost(int64, repeated, tag = "36")]
    pub operand_ids: Vec<i64>,
    /// The ids of the computations it calls.
    #[prost(int64, repeated, tag = "38")]
    pub called_computation_ids: Vec<i64>,
    /// Which dimensions a scatter writes.
    #[prost(message, optional, boxed, tag = "48")]
    pub scatter_dimension_numbers: Option<Box<ScatterDimensionNumbers>>,
    /// The options of a triangular-solve.
    #[prost(message, optional, tag = "59")]
    pub triangular_solve_options: Option<TriangularSolveOptions>,
    /// The options of a cholesky.
    #[prost(message, optional, tag = "62")]
    pub cholesky_options: Option<CholeskyOptions>,
    /// Hints to compilers.
    #[prost(message, optional, boxed, tag = "68")]
    pub frontend_attributes: Option<Box<FrontendAttributes>>,
    /// Whether a sort keeps the order of equal elements.
    #[prost(bool, tag = "60")]
    pub is_stable: bool,
    /// The direction of a compare: `EQ`, `NE`, `LT`, `LE`, `GT`, `GE`.
    #[prost(string, tag = "63")]
    pub comparison_direction: String,
    /// How a compare reads its operands: `FLOAT`, `SIGNED`, `UNSIGNED`.
    #[prost(string, tag = "72")]
    pub comparison_type: String,
}

/// `xla.FrontendAttributes`: hints to compilers, by name; one that does not know a name passes over it.
#[derive(Clone, PartialEq, Message)]
pub struct FrontendAttributes {
    /// The hints.
    #[prost(btree_map = "string, string", tag = "1")]
    pub map: BTreeMap<String, String>,
}

/// `xla.HloInstructionProto.SliceDimensions`: `start ≤ index < limit`, every `stride`-th.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct SliceDimensions {
    /// The first index.
    #[prost(int64, tag = "1")]
    pub start: i64,
    /// One past the last index.
    #[prost(int64, tag = "2")]
    pub limit: i64,
    /// The step, at least 1.
    #[prost(int64, tag = "3")]
    pub stride: i64,
}

/// `xla.PaddingConfig`: the amounts of a pad.
#[derive(Clone, PartialEq, Message)]
pub struct PaddingConfig {
    /// One entry for each dimension.
    #[prost(message, repeated, tag = "1")]
    pub dimensions: Vec<PaddingConfigDimension>,
}

/// `xla.PaddingConfig.PaddingConfigDimension`, in elements.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct PaddingConfigDimension {
    /// Before the first element.
    #[prost(int64, tag = "1")]
    pub edge_padding_low: i64,
    /// After the last element.
    #[prost(int64, tag = "2")]
    pub edge_padding_high: i64,
    /// Between elements.
    #[prost(int64, tag = "3")]
    pub interior_padding: i64,
}

/// `xla.GatherDimensionNumbers`.
#[derive(Clone, PartialEq, Message)]
pub struct GatherDimensionNumbers {
    /// Dimensions of the result that run inside a slice.
    #[prost(int64, repeated, tag = "1")]
    pub offset_dims: Vec<i64>,
    /// Dimensions of the operand, of slice size 1, absent from the result.
    #[prost(int64, repeated, tag = "2")]
    pub collapsed_slice_dims: Vec<i64>,
    /// The operand's dimension each component of an index is for.
    #[prost(int64, repeated, tag = "3")]
    pub start_index_map: Vec<i64>,
    /// The dimension of the indices that holds the components of one; their rank where there is one component.
    #[prost(int64, tag = "4")]
    pub index_vector_dim: i64,
}

/// `xla.ScatterDimensionNumbers`.
#[derive(Clone, PartialEq, Message)]
pub struct ScatterDimensionNumbers {
    /// Dimensions of the updates that run inside a slice.
    #[prost(int64, repeated, tag = "1")]
    pub update_window_dims: Vec<i64>,
    /// Dimensions of the operand, of slice size 1, absent from the updates.
    #[prost(int64, repeated, tag = "2")]
    pub inserted_window_dims: Vec<i64>,
    /// The operand's dimension each component of an index is for.
    #[prost(int64, repeated, tag = "3")]
    pub scatter_dims_to_operand_dims: Vec<i64>,
    /// The dimension of the indices that holds the components of one; their rank where there is one component.
    #[prost(int64, tag = "4")]
    pub index_vector_dim: i64,
}

/// `xla.DotDimensionNumbers`.
#[derive(Clone, PartialEq, Message)]
pub struct DotDimensionNumbers {
    /// Dimensions of the left operand that are summed over.
    #[prost(int64, repeated, tag = "1")]
    pub lhs_contracting_dimensions: Vec<i64>,
    /// Dimensions of the right operand that are summed over.
    #[prost(int64, repeated, tag = "2")]
    pub rhs_contracting_dimensions: Vec<i64>,
    /// Dimensions of the left operand shared with the right one and the result.
    #[prost(int64, repeated, tag = "3")]
    pub lhs_batch_dimensions: Vec<i64>,
    /// Dimensions of the right operand shared with the left one and the result.
    #[prost(int64, repeated, tag = "4")]
    pub rhs_batch_dimensions: Vec<i64>,
}

/// `xla.TriangularSolveOptions`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct TriangularSolveOptions {
    /// Whether the matrix stands on the left.
    #[prost(bool, tag = "1")]
    pub left_side: bool,
    /// Whether the lower triangle is read.
    #[prost(bool, tag = "2")]
    pub lower: bool,
    /// Whether the diagonal is taken to be one.
    #[prost(bool, tag = "3")]
    pub unit_diagonal: bool,
    /// Whether the matrix is transposed.
    #[prost(enumeration = "TransposeA", tag = "4")]
    pub transpose_a: i32,
}

/// `xla.TriangularSolveOptions.Transpose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum TransposeA {
    /// Neither; the default, which XLA refuses.
    Invalid = 0,
    /// The matrix as it is.
    NoTranspose = 1,
    /// Its transpose.
    Transpose = 2,
}

/// `xla.CholeskyOptions`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct CholeskyOptions {
    /// Whether the lower triangle is read and returned.
    #[prost(bool, tag = "1")]
    pub lower: bool,
}

/// `xla.PrimitiveType`: the element types in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum PrimitiveType {
    /// No type; the default.
    Invalid = 0,
    /// Truth values.
    Pred = 1,
    /// Signed 32-bit integers.
    S32 = 4,
    /// Signed 64-bit integers.
    S64 = 5,
    /// Unsigned 32-bit integers.
    U32 = 8,
    /// Unsigned 64-bit integers.
    U64 = 9,
    /// IEEE single precision.
    F32 = 11,
    /// IEEE double precision.
    F64 = 12,
    /// A sequence of values.
    Tuple = 13,
}

/// `xla.LayoutProto`: the order of dimensions in memory.
#[derive(Clone, PartialEq, Message)]
pub struct LayoutProto {
    /// The dimensions, fastest varying first.
    #[prost(int64, repeated, tag = "1")]
    pub minor_to_major: Vec<i64>,
}

/// `xla.ShapeProto`: the type of a value, with its layout.
#[derive(Clone, PartialEq, Message)]
pub struct ShapeProto {
    /// The element type, or tuple.
    #[prost(enumeration = "PrimitiveType", tag = "2")]
    pub element_type: i32,
    /// The dimensions of an array, outermost first.
    #[prost(int64, repeated, tag = "3")]
    pub dimensions: Vec<i64>,
    /// The elements of a tuple.
    #[prost(message, repeated, tag = "4")]
    pub tuple_shapes: Vec<ShapeProto>,
    /// The layout of an array.
    #[prost(message, optional, tag = "5")]
    pub layout: Option<LayoutProto>,
    /// For each dimension whether its size is known only at run time; all false here, as XLA itself writes it.
    #[prost(bool, repeated, tag = "6")]
    pub is_dynamic_dimension: Vec<bool>,
}

/// `xla.ProgramShapeProto`: the signature of a computation.
#[derive(Clone, PartialEq, Message)]
pub struct ProgramShapeProto {
    /// The types of its parameters.
    #[prost(message, repeated, tag = "1")]
    pub parameters: Vec<ShapeProto>,
    /// The type of its result.
    #[prost(message, optional, tag = "2")]
    pub result: Option<ShapeProto>,
    /// The names of its parameters.
    #[prost(string, repeated, tag = "3")]
    pub parameter_names: Vec<String>,
}

/// `xla.LiteralProto`: an array's value, row-major, in the field of its element type.
#[derive(Clone, PartialEq, Message)]
pub struct LiteralProto {
    /// Its type and layout.
    #[prost(message, optional, tag = "1")]
    pub shape: Option<ShapeProto>,
    /// Elements of [`PrimitiveType::Pred`].
    #[prost(bool, repeated, tag = "2")]
    pub preds: Vec<bool>,
    /// Elements of [`PrimitiveType::S32`].
    #[prost(int32, repeated, tag = "4")]
    pub s32s: Vec<i32>,
    /// Elements of [`PrimitiveType::S64`].
    #[prost(int64, repeated, tag = "5")]
    pub s64s: Vec<i64>,
    /// Elements of [`PrimitiveType::U32`].
    #[prost(uint32, repeated, tag = "6")]
    pub u32s: Vec<u32>,
    /// Elements of [`PrimitiveType::U64`].
    #[prost(uint64, repeated, tag = "7")]
    pub u64s: Vec<u64>,
    /// Elements of [`PrimitiveType::F32`].
    #[prost(float, repeated, tag = "8")]
    pub f32s: Vec<f32>,
    /// Elements of [`PrimitiveType::F64`].
    #[prost(double, repeated, tag = "9")]
    pub f64s: Vec<f64>,
}
