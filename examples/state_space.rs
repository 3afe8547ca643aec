//! Random variables inside a loop: a random walk seen through noise, its states sampled one after another in `scan`.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{eval, prelude::*};

/// A level that makes steps of size `drift`, observed with noise. Inside the loop `x` and `y` are one value each; to the
/// program they are sites of all the steps.
fn model(y: &Tensor) {
    let drift = sample("drift", LogNormal::new(0.0, 0.3));
    let noise = sample("noise", LogNormal::new(-0.7, 0.3));
    scan(Tensor::from(0.0), *y, |x, y| {
        let x = sample("x", Normal::new(*x, drift));
        sample("y", Normal::new(x, noise).obs(*y));
        (x, ())
    });
}

/// Observations of a walk with steps of 1.0 and noise of 0.5: the same loop, its parameters known.
fn simulate(steps: usize) -> Result<Array, Box<dyn Error>> {
    Ok(eval(|| {
        let walk = || {
            Scan::times(steps).run(Tensor::from(0.0), |x, ()| {
                let x = sample("x", Normal::new(*x, 1.0));
                (x, sample("y", Normal::new(x, 0.5)))
            })
        };
        handlers::seed(3, walk).1
    })?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), model).chains(4).draws(2000).seed(0).run(&simulate(60)?)?;
    println!("{}", posterior.summary());
    Ok(())
}
