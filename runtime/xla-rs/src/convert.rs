//! Between the crate's terms and ours: element types, dimensions, errors.

use pyroxene_ir::{DType, Ty};
use pyroxene_runtime::{Code, DeviceError};
use xla::ElementType;

pub(crate) fn element_type(dtype: DType) -> ElementType {
    match dtype {
        DType::Bool => ElementType::Pred,
        DType::I32 => ElementType::S32,
        DType::I64 => ElementType::S64,
        DType::U32 => ElementType::U32,
        DType::U64 => ElementType::U64,
        DType::F32 => ElementType::F32,
        DType::F64 => ElementType::F64,
    }
}

/// Whether XLA's shape is that of `ty`.
pub(crate) fn same_type(shape: &xla::Shape, ty: &Ty) -> bool {
    let xla::Shape::Array(shape) = shape else { return false };
    let dims = ty.dims.iter().map(|d| i64::try_from(*d).unwrap_or(i64::MAX));
    shape.ty() == element_type(ty.dtype) && shape.dims().iter().copied().eq(dims)
}

/// XLA's words. The crate drops the code of a status, and adds a backtrace of itself, which says nothing to a user.
pub(crate) fn message(error: xla::Error) -> String {
    match error {
        xla::Error::XlaError { msg, .. } => msg,
        other => other.to_string(),
    }
}

/// `absl::StatusCode::kUnknown`.
pub(crate) const UNKNOWN: Code = Code::Unknown(2);

/// A failed call of the crate.
pub(crate) fn failed(call: &'static str) -> impl FnOnce(xla::Error) -> DeviceError {
    move |error| DeviceError { call, code: UNKNOWN, message: message(error) }
}
