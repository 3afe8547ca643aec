//! For authors of samplers and optimisers: the log density and its gradient as numbers, fast and without allocation.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{Model, ir::passes::Query, prelude::*};

fn model(y: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 10.0));
    let sigma = sample("sigma", HalfCauchy::new(5.0));
    plate("data", y.dim(0), |_| {
        sample("y", Normal::new(mu, sigma).obs(*y));
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let bound = Model::new(model).bind(&Array::from([2.1, 1.4, 3.3, 2.8, 2.4]))?;
    for site in bound.program().layout() {
        println!("coordinate {}: {} as unconstrained {}", site.offset, site.name, site.unconstrained);
    }

    // One launch a thread: write the position in its slot, run, read potential and gradient in place.
    let (mut launch, slot) = bound.launch(Query::PotentialAndGradient)?;
    let mut position = vec![0.0; bound.dimension()];
    for step in 0..=200 {
        launch.slot_as::<f64>(slot)?.copy_from_slice(&position);
        launch.run()?;
        let potential = launch.output_as::<f64>(0)?[0];
        if step % 50 == 0 {
            println!("step {step:3}: log density {:.6} at {position:.4?}", -potential);
        }
        for (x, slope) in position.iter_mut().zip(launch.output_as::<f64>(1)?) {
            *x -= 0.05 * slope;
        }
    }

    // Back to the model's own values.
    for (site, value) in bound.outputs().iter().zip(bound.constrain(&position)?) {
        println!("{} = {:.4?}", site.name, value.to_f64_vec());
    }
    Ok(())
}
