//! State that lives from run to run: a counter that every run of the model finds one further on.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{Model, prelude::*};

/// Noise that grows with the number of runs so far.
pub(crate) fn counting(_: &()) {
    let count = mutable("counter", 0.0);
    mutable("counter", count + 1.0);
    sample("x", Normal::new(0.0, count + 1.0));
}

fn main() -> Result<(), Box<dyn Error>> {
    let bound = Model::new(counting).bind(&())?;
    let mut state = bound.initial_state()?;
    for run in 0..3 {
        let x = bound.draws_from(run, &mut state)?;
        println!("x = {:.3}, and the counter goes to {:?}", x[0].to_f64_vec()[0], state.0[0].1.to_f64_vec());
    }
    Ok(())
}
