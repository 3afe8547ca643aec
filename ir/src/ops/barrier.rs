//! A fence that no compiler moves or merges computation across.

use smallvec::smallvec;

use super::{identity::identity, *};
use crate::types::DType;

/// The operand itself, computed before anything that reads it (JAX's `optimization_barrier`).
///
/// XLA fuses a value into each of its users. Where a chain of steps uses each value twice, as random bits do, code and
/// compile time double at each step; a barrier now and then ends that.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Barrier;

identity!(Barrier "barrier" "opt-barrier");
