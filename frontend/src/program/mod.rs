//! Programs and their stages: a function is recorded, a query lowered, compiled, bound to data, and run many times.

mod batched;
mod bijections;
mod bound;
mod compiled;
mod dump;
mod embedded;
mod error;
mod explain;
mod function;
mod literals;
mod model;
mod once;
mod origin;
mod pipeline;
mod prepare;
mod recorded;
mod rng_key;
mod state;
mod tracer;
mod warnings;

pub use batched::Batched;
pub use bijections::SiteBijection;
pub use bound::{Bound, Pinned};
pub use compiled::{Compiled, Lowered};
pub use embedded::BoundFunction;
pub use error::{CheckFailure, DataError, Error};
pub use explain::{NotFinite, Quantity};
pub use function::{Jit, eval, jit, record};
pub(crate) use model::Data;
pub use model::{IntoModel, Model};
pub use origin::Origin;
pub use pyroxene_ir::passes::{Lint, LintKind};
pub use recorded::{LeafSpec, Program, Timings};
pub use rng_key::RngKey;
pub use state::State;
pub use tracer::{ParamSpec, Trace, TraceParam, TraceSite, Tracer};
