//! A neural network in a model: its weights are random variables, and its predictions come with their uncertainty.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{nn, prelude::*, primitives::random_module};

/// Inputs and outcomes, where these are known.
#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    pub(crate) x: L,
    pub(crate) y: Option<L>,
}

/// A regression whose mean is a network of one hidden layer.
pub(crate) fn bayesian_network(d: &Data) {
    let layers = nn::serial([nn::dense(5), nn::tanh(), nn::dense(1)]);
    let net = random_module("net", layers, Normal::new(0.0, 1.0), &d.x.dims());
    let mean = deterministic("mean", net(d.x).at((.., 0)));
    let sigma = sample("sigma", HalfNormal::new(0.5));
    plate("data", d.x.dim(0), |_| {
        sample("y", Normal::new(mean, sigma).obs(d.y));
    });
}

/// A sine with small deviations.
pub(crate) fn data() -> Result<Data<Array>, Box<dyn Error>> {
    let x: Vec<f64> = (0..40).map(|i| f64::from(i) / 10.0 - 2.0).collect();
    let y: Vec<f64> =
        x.iter().enumerate().map(|(i, x)| x.sin() + if i % 2 == 0 { 0.05 } else { -0.05 }).collect();
    Ok(Data { x: Array::new([40, 1], x)?, y: Some(Array::from(y)) })
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), bayesian_network).chains(2).seed(0).run(&data()?)?;
    let mean = posterior.site("mean")?;
    println!("x = 0: {:.2} ± {:.2}", mean.mean()[20], mean.sd()[20]);
    println!("{}", posterior.summary());
    Ok(())
}
