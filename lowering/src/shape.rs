//! Types as XLA writes them: element type, dimensions and an explicit row-major layout.

use pyroxene_ir::{DType, Ty};

use crate::proto::{LayoutProto, PrimitiveType, ProgramShapeProto, ShapeProto};

/// XLA's element type.
pub(crate) fn primitive(dtype: DType) -> PrimitiveType {
    match dtype {
        DType::Bool => PrimitiveType::Pred,
        DType::I32 => PrimitiveType::S32,
        DType::I64 => PrimitiveType::S64,
        DType::U32 => PrimitiveType::U32,
        DType::U64 => PrimitiveType::U64,
        DType::F32 => PrimitiveType::F32,
        DType::F64 => PrimitiveType::F64,
    }
}

/// Dimensions, positions and sizes as protocol buffers hold them; [`fits`] has bounded every one of them.
pub(crate) fn ints(sizes: &[usize]) -> Vec<i64> {
    sizes.iter().map(|d| *d as i64).collect()
}

/// Whether the bytes of a value can be counted in an `i64`: XLA multiplies dimensions without a check and dies.
pub(crate) fn fits(ty: &Ty) -> bool {
    // Zero dimensions count as one, since XLA multiplies some of the others alone.
    ty.dims
        .iter()
        .try_fold(ty.dtype.size() as i64, |n, d| n.checked_mul(i64::try_from(*d).ok()?.max(1)))
        .is_some()
}

/// The shape of an array, with its layout: without one in the entry computation the compiler dies.
pub(crate) fn array(ty: &Ty) -> ShapeProto {
    ShapeProto {
        element_type: primitive(ty.dtype).into(),
        dimensions: ints(&ty.dims),
        layout: Some(LayoutProto { minor_to_major: (0..ty.rank() as i64).rev().collect() }),
        is_dynamic_dimension: vec![false; ty.rank()],
        ..ShapeProto::default()
    }
}

/// The shape of a tuple of arrays.
pub(crate) fn tuple(elements: Vec<ShapeProto>) -> ShapeProto {
    ShapeProto { element_type: PrimitiveType::Tuple.into(), tuple_shapes: elements, ..ShapeProto::default() }
}

/// The signature of a computation.
pub(crate) fn program(
    parameters: impl IntoIterator<Item = (String, ShapeProto)>,
    result: ShapeProto,
) -> ProgramShapeProto {
    let (parameter_names, parameters) = parameters.into_iter().unzip();
    ProgramShapeProto { parameters, result: Some(result), parameter_names }
}
