//! `factor`: adds a term to the log density.

use pyroxene_ir::Loc;

use super::sample::{Statement, send};
use crate::{
    distributions::Unit,
    handlers::SiteType,
    tensor::{Operand, Tensor},
};

/// Adds `log_factor`, summed, to the log density (NumPyro's `factor`).
///
/// It is an observed sample site of [`Unit`]: inside a plate of size n a scalar counts n times, and masks and scales
/// apply.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// fn model(data: &Tensor) {
///     let theta = sample("theta", Beta::new(1.0, 1.0));
///     let log_lik = (*data * theta.log() + (1.0 - *data) * (1.0 - theta).log()).sum();
///     factor("custom_lik", log_lik);
///     factor("custom_prior", Gamma::new(2.0, 1.0).log_prob(theta));
/// }
/// ```
#[track_caller]
pub fn factor(name: &str, log_factor: impl Operand) {
    factor_at(name, log_factor.into(), Loc::caller());
}

pub(crate) fn factor_at(name: &str, log_factor: Tensor, loc: Loc) {
    let nothing = Tensor::from(pyroxene_ir::Array::from(Vec::<f64>::new()));
    let statement = Statement::from(Unit::new(log_factor)).obs(nothing).infer("is_auxiliary", true);
    send(SiteType::Factor, name, statement, loc);
}
