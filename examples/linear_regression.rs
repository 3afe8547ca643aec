//! A linear regression with a parameter, which samplers hold at its initial value, and a prediction kept under a name.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{constraints, prelude::*, primitives::Param};

/// One predictor, and the outcomes where they are known.
#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    pub(crate) x: L,
    pub(crate) y: Option<L>,
}

/// Without `y` the outcomes are latent: draws of the model then predict them.
pub(crate) fn linear_regression(d: &Data) {
    let alpha = sample("alpha", Normal::new(0.0, 10.0));
    let beta = sample("beta", Normal::new(0.0, 10.0));
    let sigma = param("sigma", Param::new(1.0).constraint(constraints::positive()));
    let mu = deterministic("prediction", alpha + beta * d.x);
    plate("data", d.x.dim(0), |_| {
        sample("y", Normal::new(mu, sigma).obs(d.y));
    });
}

/// Twenty points along the line 1 + 2 x, with deviations of ±0.5.
pub(crate) fn data() -> Data<Array> {
    let x: Vec<f64> = (0..20).map(|i| f64::from(i) / 10.0).collect();
    let y: Vec<f64> =
        x.iter().enumerate().map(|(i, x)| 1.0 + 2.0 * x + if i % 2 == 0 { 0.5 } else { -0.5 }).collect();
    Data { x: Array::from(x), y: Some(Array::from(y)) }
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), linear_regression).chains(4).seed(0).run(&data())?;
    println!("{}", posterior.summary());
    Ok(())
}
