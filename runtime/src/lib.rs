//! From serialized HLO to running executables: backends, the PJRT plugin behind them, and where it comes from.
//!
//! ```no_run
//! use pyroxene_ir::{Array, DType, Ty};
//! use pyroxene_runtime::{CompileOptions, Input, Module, default_backend};
//! # fn main() -> Result<(), pyroxene_runtime::Error> {
//! # let hlo: Vec<u8> = Vec::new();
//! let backend = default_backend()?;
//! let x = Ty::new(DType::F64, [8]);
//! let module = Module {
//!     name: "square",
//!     hlo: &hlo,
//!     inputs: vec![Input::new("x", x.clone())],
//!     outputs: vec![x],
//! };
//! let executable = backend.compile(&module, &CompileOptions::default())?;
//!
//! // Once: upload, run, read.
//! let x = backend.upload(&Array::from([1.0; 8]))?;
//! let squares = executable.run(&[&x])?[0].to_array()?;
//!
//! // Often: write in place, run, read in place.
//! let mut launch = executable.launch(vec![None])?;
//! for i in 0..1000 {
//!     launch.slot_as::<f64>(0)?.fill(f64::from(i));
//!     launch.run()?;
//!     let squares: &[f64] = launch.output_as(0)?;
//! }
//! # Ok(()) }
//! ```

mod backend;
mod buffer;
mod bundled;
mod cache;
mod default;
mod error;
pub mod options;
mod packed;
mod padded;
mod pjrt;
pub mod plugin;
mod private;
mod trimmed;

pub use backend::{
    Backend, CPU, CompileOptions, Executable, FlagValue, Input, Launch, Module, OptLevel, Platform, Stats,
    check_arguments, check_fixed,
};
pub use buffer::{Buffer, DeviceMemory};
pub use bundled::Bundled;
pub use cache::{CacheError, Cached, Contents, DiskCache};
pub use default::{OpenBackend, default_backend, default_backend_beside, notice, open, register_backend};
pub use error::{ArgumentMismatch, Code, DeviceError, Error, PluginError, Result};
pub use packed::Packed;
pub use padded::Padded;
pub use pjrt::{PjrtBackend, bare_dispatch, check_module, keep_nan, quieten};
pub use trimmed::Trimmed;
