//! NUTS by `nuts-rs`: the host makes transitions, and asks the device for a log density and its gradient at each step.

mod density;
mod transitions;

pub(crate) use transitions::{Drawn, Failure, Transitions, chain_rng};
