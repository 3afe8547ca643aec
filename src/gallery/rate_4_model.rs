//! The rate of success beside its own prior (Lee and Wagenmakers 2013), from posteriordb.

pub use super::rate_1_model::Data;
use crate::prelude::*;

super::entry!("Rate_4_data-Rate_4_model", ["Rate_4_model"], "a rate beside its prior", "Rate_4_data.json");

/// The model; `theta` and `thetaprior`, which no data bear on, are latent.
pub fn model(d: &Data) {
    let theta = sample("theta", Beta::new(1.0, 1.0));
    sample("thetaprior", Beta::new(1.0, 1.0));
    sample("k", BinomialProbs::new(theta, d.n).obs(d.k));
}
