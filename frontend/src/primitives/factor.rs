//! `factor`: adds a term to the log density.

use super::sample::{Statement, sample};
use crate::{distributions::Unit, tensor::Tensor};

/// Adds `log_factor`, summed, to the log density (NumPyro's `factor`).
///
/// It is a sample site of [`Unit`]: inside a plate of size n a scalar counts n times, and masks and scales apply.
#[track_caller]
pub fn factor(name: &str, log_factor: impl Into<Tensor>) {
    let nothing = Tensor::from(pyroxene_ir::Array::from(Vec::<f64>::new()));
    sample(name, Statement::from(Unit::new(log_factor)).obs(nothing).auxiliary());
}
