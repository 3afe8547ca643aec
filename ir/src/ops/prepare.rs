//! The mark of a value that is computed once, where data are bound.

use smallvec::smallvec;

use super::{identity::identity, *};
use crate::types::DType;

/// The operand itself. The pass `hoist_data` puts it where a program is cut in two: what comes before runs once for the
/// data, what comes after at every call.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Prepare;

identity!(Prepare "prepare" "copy");
