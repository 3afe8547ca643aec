//! The backend on a PJRT plugin: all `unsafe` of this workspace, from the loaded library to host memory.

#![allow(
    unsafe_code,
    reason = "the C API is reached through raw pointers; each block states why it is sound"
)]

mod api;
mod client;
mod donation;
mod environment;
mod executable;
mod ffi;
mod floor;
mod launch;
mod llvm;
mod memory;
mod options;
mod signature;
mod transfers;

pub use client::PjrtBackend;
pub use environment::{keep_nan, quieten};
pub use floor::bare_dispatch;
pub(crate) use options::encode as encode_options;
pub use signature::check_module;
