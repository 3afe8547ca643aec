//! Pyroxene: probabilistic models as Rust functions, recorded once and compiled by XLA; this crate is all a user names.
//!
//! A model is an ordinary function that calls [`sample`](primitives::sample) and its kin. [`Mcmc`] runs it once on
//! symbols, compiles its log density with gradient, and draws from its posterior:
//!
//! ```no_run
//! use pyroxene::prelude::*;
//!
//! #[derive(Tree, Clone)]
//! struct Schools<L: Leaf = Tensor> { sigma: L, y: Option<L> }
//!
//! fn eight_schools(d: &Schools) {
//!     let mu = sample("mu", Normal::new(0.0, 5.0));
//!     let tau = sample("tau", HalfCauchy::new(5.0));
//!     plate("school", d.sigma.dim(0), |_| {
//!         let theta = sample("theta", Normal::new(mu, tau));
//!         sample("y", Normal::new(theta, d.sigma).obs(d.y));
//!     });
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = Schools {
//!     sigma: Array::from([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
//!     y: Some(Array::from([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])),
//! };
//! let posterior = Mcmc::new(Nuts::default(), eight_schools).chains(4).seed(0).run(&data)?;
//! println!("{}", posterior.summary());
//! # Ok(()) }
//! ```
//!
//! The stages are public values: a [`Program`] is a recorded model, which lowers to HLO, compiles, and is [`Bound`] to
//! data. The crates below are re-exported as [`ir`], [`lowering`], [`runtime`] and [`inference`].

// So that the derive macro's paths work inside this crate too.
extern crate self as pyroxene;

#[cfg(feature = "cli")]
pub mod cli;
pub mod data;
pub mod gallery;

pub use pyroxene_frontend::inspect::{inspect_fn, validate_model};
pub use pyroxene_frontend::{
    Array, Batched, Bound, CheckFailure, Compiled, DType, DataError, Dims, Error, ErrorKind, Floats,
    IntoModel, Jit, Leaf, LeafSpec, Loc, Lowered, Model, Operand, Path, Program, RngKey, Source, SourceError,
    Spec, Static, Tensor, Timings, TraceError, TraceErrors, Tree, Ty, Visit, constraints, distributions,
    eval, handlers, inspect, jit, nn, primitives, random, record, spec, transforms,
};
pub use pyroxene_inference::{
    self as inference, Mcmc, Nuts, Posterior, Predictive, Summary, Svi, TraceElbo, optim,
};
pub use pyroxene_ir as ir;
pub use pyroxene_lowering as lowering;
pub use pyroxene_runtime as runtime;
#[cfg(feature = "xla-rs")]
pub use pyroxene_xla_rs as xla_rs;

/// Everything a model and its sampling need.
pub mod prelude {
    pub use pyroxene_frontend::{prelude::*, primitives::Plate};
    pub use pyroxene_inference::{
        AutoGuide, AutoNormal, Mcmc, Nuts, Posterior, Predictive, Svi, TraceElbo, log_likelihood, optim,
    };
}

/// The README's model, so that it keeps compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
