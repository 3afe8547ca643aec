//! The runtime's second backend, on the crate `xla`: the same HLO bytes through another build of XLA.
//!
//! Without the feature `xla-rs` this crate is empty and builds anywhere. With it, the crate `xla` is compiled, which
//! takes libclang and the directory XLA_EXTENSION_DIR: `eval "$(scripts/xla-extension --env)"` provides both.
//!
//! `XlaBackend::cpu` is the CPU client inside that directory's library, `XlaBackend::plugin` a client of a PJRT plugin.
//! After `register`, PYROXENE_BACKEND=xla-rs makes one of them the default backend.

#[cfg(feature = "xla-rs")]
mod backend;
#[cfg(feature = "xla-rs")]
mod convert;
#[cfg(feature = "xla-rs")]
mod executable;
#[cfg(feature = "xla-rs")]
mod launch;
#[cfg(feature = "xla-rs")]
mod memory;
#[cfg(feature = "xla-rs")]
mod nan;

#[cfg(feature = "xla-rs")]
pub use backend::{VERSION, XlaBackend, open, register};
