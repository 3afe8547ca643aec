//! The graph language between a recorded model and XLA: types, ops, sites, verifier, text form, interpreter, passes.

mod array;
mod types;

pub use array::{Array, Element, LengthError};
pub use types::{DType, Dims, ParseTyError, Ty};
