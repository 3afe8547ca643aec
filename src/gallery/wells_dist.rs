//! Who changed to a safe well, by its distance (Gelman and Hill 2007), from posteriordb.

use super::{Entry, FieldError, Fields, problem};
use crate::prelude::*;

/// The gallery's entry.
pub(super) const ENTRY: Entry = Entry {
    name: "wells_data-wells_dist",
    aliases: &["wells_dist", "wells"],
    about: "households changing wells by distance, logistic regression",
    problem: || Ok(problem(model, data()?)),
};

/// One household each: `i64[3020]` and `f64[3020]`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// 1 where the household changed its well.
    pub switched: L,
    /// The distance to the nearest safe well, metres.
    pub dist: L,
}

/// The model; `beta` (intercept, slope) is latent.
pub fn model(d: &Data) {
    let beta = sample("beta", ImproperUniform::new(constraints::real(), &[], &[2]));
    plate("household", d.switched.dim(0), |_| {
        sample("switched", BernoulliLogits::new(beta.at(0) + beta.at(1) * d.dist).obs(d.switched));
    });
}

/// The survey's data.
///
/// # Errors
/// When the embedded file lacks a field.
pub fn data() -> Result<Data<Array>, FieldError> {
    let fields = Fields::parse("wells_data.json", include_str!("data/wells_data.json"))?;
    Ok(Data { switched: fields.integers("switched")?, dist: fields.floats("dist")? })
}
