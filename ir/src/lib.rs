//! The graph language between a recorded model and XLA: types, ops, sites, verifier, text form, interpreter, passes.

mod array;
pub mod blame;
mod build;
mod error;
pub mod eval;
mod graph;
pub mod ops;
pub mod passes;
pub mod shape;
mod site;
pub mod text;
pub mod threefry;
mod types;
pub mod verify;

pub use array::{Array, Element, LengthError};
pub use error::TypeError;
pub use graph::{Graph, Input, Kind, Loc, Node, Operands, Phase, Role, Val};
pub use ops::Op;
pub use site::{
    CheckSite, CondIndepStackFrame, ControlFlowSite, Flow, Hint, Indices, KeySite, MutableSite, ParamInfo,
    ParamSite, PlateSite, RegionId, Rng, SampleRegions, SampleSite, Site, SiteKind, Slots, Source,
};
pub use types::{DType, Dims, ParseTyError, Ty};
pub use verify::{VerifyError, VerifyErrors, verify};
