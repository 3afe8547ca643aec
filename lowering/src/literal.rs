//! Host arrays as the values of constants.

use pyroxene_ir::{Array, DType, Element};

use crate::{proto::LiteralProto, shape};

/// The literal of an array, its elements in the field of their type.
pub(crate) fn literal(value: &Array) -> LiteralProto {
    fn elements<T: Element>(value: &Array) -> Vec<T> {
        value.as_slice().map(<[T]>::to_vec).unwrap_or_default()
    }
    let mut out = LiteralProto { shape: Some(shape::array(&value.ty())), ..LiteralProto::default() };
    match value.dtype() {
        DType::Bool => out.preds = elements(value),
        DType::I32 => out.s32s = elements(value),
        DType::I64 => out.s64s = elements(value),
        DType::U32 => out.u32s = elements(value),
        DType::U64 => out.u64s = elements(value),
        DType::F32 => out.f32s = elements(value),
        DType::F64 => out.f64s = elements(value),
    }
    out
}
