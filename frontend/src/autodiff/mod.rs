//! Transformations of functions: derivatives, batching, and functions with derivatives of their own (JAX's `grad`,
//! `vmap`, …). Each takes a function of a tree of tensors and gives another, so that they compose.

mod custom;
mod grad;
mod jacobian;
mod jvp;
mod vjp;
mod vmap;

pub use custom::{checkpoint, custom_jvp, custom_vjp};
pub use grad::{grad, value_and_grad};
pub use jacobian::{hessian, hvp, jacfwd, jacrev};
pub use jvp::jvp;
pub use vjp::vjp;
pub use vmap::{Vmap, vmap};
