//! Random variables inside a loop: a random walk seen through noise, its states sampled one after another in `scan`.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{eval, prelude::*};

/// A level that drifts by `x ← x + drift · z`, observed with noise. Inside the loop `z` and `y` are one value each; to the
/// program they are sites of all the steps.
fn model(y: &Tensor) {
    let drift = sample("drift", HalfNormal::new(1.0));
    let noise = sample("noise", HalfNormal::new(1.0));
    let start = sample("start", Normal::new(0.0, 3.0));
    let (_, level) = scan(start, *y, |x, y| {
        let z = sample("z", Normal::new(0.0, 1.0));
        let x = *x + drift * z;
        sample("y", Normal::new(x, noise).obs(*y));
        (x, x)
    });
    deterministic("level", level);
}

/// Observations of a walk with a drift of 0.3 and noise of 0.8: the model itself, its parameters given.
fn simulate(steps: usize) -> Result<Array, Box<dyn Error>> {
    Ok(eval(|| {
        let walk = || {
            Scan::times(steps).run(Tensor::from(1.0), |x, ()| {
                let x = sample("x", Normal::new(*x, 0.3));
                (x, sample("y", Normal::new(x, 0.8)))
            })
        };
        handlers::seed(3, walk).1
    })?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), model).chains(4).seed(0).run(&simulate(60)?)?;
    println!("{}", posterior.summary());
    Ok(())
}
