//! A recurrence in a model: GARCH(1, 1) volatility, whose loop is recorded once and differentiated through.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{eval, prelude::*};

/// Daily returns whose variance follows `h ← ω + α e² + β h` from the last day's surprise `e`.
fn model(returns: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 1.0));
    let omega = sample("omega", HalfNormal::new(1.0));
    let alpha = sample("alpha", Uniform::new(0.0, 1.0));
    let beta = sample("beta", Uniform::new(0.0, 1.0 - alpha));
    let surprise = *returns - mu;
    let start = surprise.square().sum() / returns.dim(0) as f64;
    let (_, variance) = scan(start, surprise, |h, e| (omega + alpha * e.square() + beta * *h, *h));
    plate("day", returns.dim(0), |_| {
        sample("returns", Normal::new(mu, variance.sqrt()).obs(*returns));
    });
}

/// Returns drawn from the model with ω = 0.2, α = 0.3, β = 0.5, by the same loop run forwards.
fn simulate(days: usize) -> Result<Array, Box<dyn Error>> {
    Ok(eval(|| {
        let shocks = random::normal(Key::new(3), &[days], DType::F64);
        let day = |h: &Tensor, z: &Tensor| {
            let e = *z * h.sqrt();
            (e.square() * 0.3 + *h * 0.5 + 0.2, e + 0.1)
        };
        scan(Tensor::from(1.0), shocks, day).1
    })?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), model).chains(4).seed(0).run(&simulate(800)?)?;
    println!("{}", posterior.summary());
    Ok(())
}
