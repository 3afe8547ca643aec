//! Stochastic variational inference: losses and parameters against NumPyro's step by step, and every way to fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failures;
mod golden;
mod guides;
mod losses;
mod runs;
