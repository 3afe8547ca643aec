//! The backend on a PJRT plugin: all of this workspace's `unsafe`, from the loaded library to results in host memory.

#![allow(
    unsafe_code,
    reason = "the C API is reached through raw pointers; each block states why it is sound"
)]

mod api;
mod client;
mod executable;
mod ffi;
mod launch;
mod memory;
mod options;
mod signature;

pub use client::PjrtBackend;
