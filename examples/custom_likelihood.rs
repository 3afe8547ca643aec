//! A likelihood of one's own: `factor` adds any term to the log density.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::prelude::*;

/// The chance of success, from successes and failures whose likelihood is written out.
pub(crate) fn custom_likelihood(data: &Tensor) {
    let theta = sample("theta", Beta::new(1.0, 1.0));
    let log_lik = (*data * theta.log() + (1.0 - *data) * (1.0 - theta).log()).sum();
    factor("custom_lik", log_lik);
}

/// Seven successes of ten.
pub(crate) fn data() -> Array {
    Array::from([1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), custom_likelihood).chains(4).seed(0).run(&data())?;
    println!("{}", posterior.summary());
    Ok(())
}
