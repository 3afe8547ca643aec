//! Summer temperatures at Kilpisjärvi by year, from posteriordb.
//!
//! Years that are not centred leave intercept and slope all but a function of each other, which is hard for samplers.

use super::shared::flat_positive;
use crate::prelude::*;

super::entry!(
    "kilpisjarvi_mod-kilpisjarvi",
    ["kilpisjarvi"],
    "summer temperatures by year, not centred: a correlation close to -1",
    "kilpisjarvi_mod.json"
);

/// Years and temperatures, `f64[62]`, and what the priors are made of.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Years, shifted by some two thousand.
    #[tree(float)]
    pub x: L,
    /// Mean summer temperatures, °C.
    #[tree(float)]
    pub y: L,
    /// The prior mean of the intercept, a scalar.
    #[tree(float)]
    pub pmualpha: L,
    /// Its standard deviation.
    #[tree(float)]
    pub psalpha: L,
    /// The prior mean of the slope.
    #[tree(float)]
    pub pmubeta: L,
    /// Its standard deviation.
    #[tree(float)]
    pub psbeta: L,
}

/// The model; `alpha`, `beta` and `sigma` are latent.
pub fn model(d: &Data) {
    let alpha = sample("alpha", Normal::new(d.pmualpha, d.psalpha));
    let beta = sample("beta", Normal::new(d.pmubeta, d.psbeta));
    let sigma = sample("sigma", flat_positive());
    plate("year", d.y.dim(0), |_| {
        sample("y", Normal::new(alpha + beta * d.x, sigma).obs(d.y));
    });
}
