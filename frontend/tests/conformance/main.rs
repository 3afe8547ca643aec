//! NumPyro's models of `tests/golden/conformance` written in Rust: what its record tells of each holds of ours.
//!
//! One model is one function here and one there, of the same name. What differs by decision is listed with its reason;
//! a difference that is gone, or a model without a twin that no list names, fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod apart;
mod check;
mod control;
mod edges;
mod errors;
mod golden;
mod handling;
mod parameters;
mod plates;
mod reparams;
mod sampling;
mod subsampling;

/// A model under the name that it has in Python.
type Twin = (&'static str, fn());

/// The functions of these names, each under its name.
macro_rules! twins { ($($name:ident)*) => { &[$((stringify!($name), $name as fn())),*] } }
use twins;

/// One test for each theme, so that they run beside each other.
macro_rules! themes { ($($theme:ident)*) => { $(
    #[test]
    fn $theme() {
        check::theme(stringify!($theme), $theme::TWINS);
    }
)* } }

themes! { sampling parameters plates subsampling handling reparams control edges }
