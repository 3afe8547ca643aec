//! The check of a program's bytes against what is declared of them, before XLA sees either: XLA aborts the
//! process on some disagreements (an entry without layouts) and runs on others.

use std::slice;

use prost::Message;
use pyroxene_ir::{DType, Ty};

use crate::{
    backend::Module,
    error::{Error, Result},
};

/// `xla.HloModuleProto`, the fields that describe the entry's type.
#[derive(Clone, PartialEq, Message)]
struct HloModuleProto {
    #[prost(message, optional, tag = "4")]
    host_program_shape: Option<ProgramShapeProto>,
    #[prost(message, optional, tag = "8")]
    input_output_alias: Option<InputOutputAliasProto>,
}

/// `xla.HloInputOutputAliasProto`, of which only emptiness matters.
#[derive(Clone, PartialEq, Message)]
struct InputOutputAliasProto {
    #[prost(bytes = "vec", repeated, tag = "1")]
    entries: Vec<Vec<u8>>,
}

/// `xla.ProgramShapeProto`, the fields used here.
#[derive(Clone, PartialEq, Message)]
struct ProgramShapeProto {
    #[prost(message, repeated, tag = "1")]
    parameters: Vec<ShapeProto>,
    #[prost(message, optional, tag = "2")]
    result: Option<ShapeProto>,
}

/// `xla.ShapeProto`, the fields used here.
#[derive(Clone, PartialEq, Message)]
struct ShapeProto {
    #[prost(int32, tag = "2")]
    element_type: i32,
    #[prost(int64, repeated, tag = "3")]
    dimensions: Vec<i64>,
    #[prost(message, repeated, tag = "4")]
    tuple_shapes: Vec<ShapeProto>,
    #[prost(message, optional, tag = "5")]
    layout: Option<LayoutProto>,
    #[prost(bool, repeated, tag = "6")]
    is_dynamic_dimension: Vec<bool>,
}

/// `xla.LayoutProto`, the fields used here.
#[derive(Clone, PartialEq, Message)]
struct LayoutProto {
    #[prost(int64, repeated, tag = "1")]
    minor_to_major: Vec<i64>,
}

/// `TUPLE` of `xla.PrimitiveType`.
const TUPLE: i32 = 13;

/// The number of an element type in `xla.PrimitiveType`, which `PJRT_Buffer_Type` shares for these types.
pub(super) fn element_number(dtype: DType) -> i32 {
    match dtype {
        DType::Bool => 1,
        DType::I32 => 4,
        DType::I64 => 5,
        DType::U32 => 8,
        DType::U64 => 9,
        DType::F32 => 11,
        DType::F64 => 12,
    }
}

/// Dimensions as the C API takes them. Those of an existing value always fit.
pub(super) fn signed_dims(ty: &Ty) -> Vec<i64> {
    ty.dims.iter().map(|d| i64::try_from(*d).unwrap_or(i64::MAX)).collect()
}

/// Whether a dense value of this type can exist: its size in bytes fits an `isize`.
fn exists(ty: &Ty) -> bool {
    // Zero dimensions are counted as one: XLA multiplies the others on its way to the product.
    let bytes = ty.dims.iter().try_fold(ty.dtype.size(), |n, d| n.checked_mul((*d).max(1)));
    bytes.is_some_and(|n| isize::try_from(n).is_ok())
}

/// Checks that the entry's parameters and results are those declared, dense, row-major and not aliased: what every
/// backend does before it hands the bytes to XLA.
///
/// # Errors
/// [`Error::Module`] with the first disagreement.
pub fn check_module(module: &Module<'_>) -> Result<()> {
    find_problem(module)
        .map_or(Ok(()), |problem| Err(Error::Module { module: module.name.to_string(), problem }))
}

fn find_problem(module: &Module<'_>) -> Option<String> {
    let proto = match HloModuleProto::decode(module.hlo) {
        Ok(proto) => proto,
        Err(e) => return Some(format!("its {} bytes are not a HloModuleProto: {e}", module.hlo.len())),
    };
    if proto.input_output_alias.is_some_and(|alias| !alias.entries.is_empty()) {
        return Some("it lets results overwrite arguments, and arguments are shared here".to_string());
    }
    let Some(shape) = proto.host_program_shape else {
        return Some(
            "its bytes have no program shape, so they are empty or not a HloModuleProto".to_string(),
        );
    };
    let Some(result) = shape.result else {
        return Some("its program shape has no result".to_string());
    };
    let results = results(&result);
    if results.len() != module.outputs.len() && result.element_type != TUPLE {
        return Some("its entry does not return a tuple".to_string());
    }
    if shape.parameters.len() != module.inputs.len() {
        return Some(format!(
            "{} inputs are declared, its entry has {} parameters",
            module.inputs.len(),
            shape.parameters.len()
        ));
    }
    if results.len() != module.outputs.len() {
        return Some(format!(
            "{} outputs are declared, its entry returns {}",
            module.outputs.len(),
            results.len()
        ));
    }
    let inputs = module.inputs.iter().map(|input| (format!("input `{}`", input.name), &input.ty));
    let outputs = module.outputs.iter().enumerate().map(|(i, ty)| (format!("output {i}"), ty));
    let shapes = shape.parameters.iter().chain(results);
    inputs.chain(outputs).zip(shapes).find_map(|((what, ty), shape)| {
        disagreement(ty, shape).map(|problem| format!("{what} is declared {ty}, {problem}"))
    })
}

/// The elements of what an entry returns: those of a tuple, or the one array.
fn results(result: &ShapeProto) -> &[ShapeProto] {
    if result.element_type == TUPLE { &result.tuple_shapes } else { slice::from_ref(result) }
}

/// Whether the entry of a module that has been checked returns a tuple.
pub(super) fn returns_tuple(hlo: &[u8]) -> bool {
    let shape = HloModuleProto::decode(hlo).ok().and_then(|module| module.host_program_shape?.result);
    shape.is_none_or(|result| result.element_type == TUPLE)
}

fn disagreement(ty: &Ty, shape: &ShapeProto) -> Option<String> {
    if !exists(ty) {
        return Some("which is larger than any memory".to_string());
    }
    if shape.element_type != element_number(ty.dtype) {
        return Some(format!(
            "its bytes say element type number {} of xla.PrimitiveType",
            shape.element_type
        ));
    }
    if shape.dimensions != signed_dims(ty) {
        return Some(format!("its bytes say dimensions {:?}", shape.dimensions));
    }
    if shape.is_dynamic_dimension.contains(&true) {
        return Some("its bytes say that dimensions may vary".to_string());
    }
    match &shape.layout {
        None => Some("its bytes give no layout".to_string()),
        Some(layout)
            if !layout.minor_to_major.iter().copied().eq((0..shape.dimensions.len() as i64).rev()) =>
        {
            Some(format!("its bytes say layout {:?} and not row-major", layout.minor_to_major))
        }
        Some(_) => None,
    }
}
