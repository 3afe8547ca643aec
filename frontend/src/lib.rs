//! What a model is written in: tensors, tracing, handlers, primitives, distributions; and its stages from trace to run.
//!
//! The nouns: [`Tensor`] symbolic, [`Array`] host, [`Spec`] shape only; [`Program`] a recorded model; `Lowered`,
//! `Compiled`, `Bound` its stages.

// So that the derive macro's paths work inside this crate too.
extern crate self as pyroxene_frontend;

mod autodiff;
mod closure;
pub mod constraints;
mod control;
pub mod distributions;
pub mod handlers;
pub mod inspect;
pub mod nn;
pub mod primitives;
mod program;
pub mod random;
mod tensor;
mod trace;
pub mod transforms;
pub mod tree;

pub use autodiff::*;
pub use closure::Tensors;
pub use control::*;
pub use program::*;
pub use pyroxene_ir::{Array, CondIndepStackFrame, DType, Dims, Hint, Loc, Ty};
pub use tensor::{
    Axes, Ellipsis, Index, IndexItem, Item, NewAxis, Operand, Side, Tensor, Triangle, keepdims, slice, step,
};
pub use trace::{ErrorKind, TraceError, TraceErrors, computed_from, usage_error};
pub use tree::{Floats, Leaf, Path, Source, SourceError, Spec, Static, Tree, Visit, spec};

/// Everything a model needs.
pub mod prelude {
    pub use crate::{
        Array, DType, Ellipsis, Leaf, NewAxis, Side, Spec, Tensor, Tree, Triangle,
        autodiff::*,
        constraints,
        constraints::{Constraint, Support},
        control::*,
        distributions::*,
        handlers, keepdims, nn,
        primitives::{
            deterministic, factor, get_mask, module, mutable, param, plate, plate_stack, prng_key,
            random_module, sample, subsample,
        },
        random::{self, Key},
        slice, spec, step,
    };
}
