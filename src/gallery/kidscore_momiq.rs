//! Children's test scores regressed on their mothers' IQ (Gelman and Hill 2007), from posteriordb.

use super::{Entry, FieldError, Fields, problem};
use crate::prelude::*;

/// The gallery's entry.
pub(super) const ENTRY: Entry = Entry {
    name: "kidiq-kidscore_momiq",
    aliases: &["kidscore_momiq", "kidiq"],
    about: "children's test scores on their mothers' IQ, linear regression",
    problem: || Ok(problem(model, data()?)),
};

/// The children's scores and their mothers' IQ, both `f64[434]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Test scores.
    pub kid_score: L,
    /// The mothers' IQ.
    pub mom_iq: L,
}

/// The model; `beta` (intercept, slope) and `sigma` are latent.
pub fn model(d: &Data) {
    let beta = sample("beta", ImproperUniform::new(constraints::real(), &[], &[2]));
    let sigma = sample("sigma", HalfCauchy::new(2.5));
    plate("child", d.kid_score.dim(0), |_| {
        let mean = beta.at(0) + beta.at(1) * d.mom_iq;
        sample("kid_score", Normal::new(mean, sigma).obs(d.kid_score));
    });
}

/// The survey's data.
///
/// # Errors
/// When the embedded file lacks a field.
pub fn data() -> Result<Data<Array>, FieldError> {
    let fields = Fields::parse("kidiq.json", include_str!("data/kidiq.json"))?;
    Ok(Data { kid_score: fields.floats("kid_score")?, mom_iq: fields.floats("mom_iq")? })
}
