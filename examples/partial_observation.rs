//! Observations that are missing in part: `obs_mask` splits a site into what is seen and what is drawn.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{Model, prelude::*};

/// Measurements with gaps, which are NaN.
pub(crate) fn with_gaps(y: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    plate("data", y.dim(0), |_| {
        sample("y", Normal::new(mu, 1.0).obs(*y).obs_mask(y.is_finite()));
    });
}

/// Five measurements, two of them lost.
pub(crate) fn data() -> Array {
    Array::from([1.2, f64::NAN, 0.7, 1.9, f64::NAN])
}

fn main() -> Result<(), Box<dyn Error>> {
    let bound = Model::new(with_gaps).bind(&data())?;
    for (output, value) in bound.outputs().iter().zip(bound.draws(0)?) {
        println!("{}: {:.3?}", output.name, value.to_f64_vec());
    }
    Ok(())
}
