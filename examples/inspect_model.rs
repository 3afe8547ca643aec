//! For authors of models: what a model's recording knows about it, and what validation says of mistakes.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{
    Model,
    inspect::{get_dependencies, render_model, validate_model},
    prelude::*,
};

#[derive(Tree, Clone)]
struct Radon<L: Leaf = Tensor> {
    county: L,
    floor: L,
    log_radon: L,
}

fn radon(d: &Radon) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfNormal::new(2.0));
    let slope = sample("slope", Normal::new(0.0, 5.0));
    let sigma = sample("sigma", HalfNormal::new(5.0));
    let alpha = plate("county", 3, |_| sample("alpha", Normal::new(mu, tau)));
    plate("house", d.floor.dim(0), |_| {
        let mean = deterministic("mean", alpha.take(d.county) + slope * d.floor);
        sample("log_radon", Normal::new(mean, sigma).obs(d.log_radon));
    });
}

/// A prior for each county and a column of observations, by mistake in no plate and of shapes that make a table.
fn mistaken(d: &Radon) {
    let alpha = sample("alpha", Normal::new(Tensor::zeros(&[3]), 1.0));
    plate("house", d.floor.dim(0), |_| {
        sample("log_radon", Normal::new(alpha.expand_dims(-1), 1.0).obs(d.log_radon));
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = Radon {
        county: Array::from([0i64, 0, 1, 2, 2]),
        floor: Array::from([0.0, 1.0, 0.0, 0.0, 1.0]),
        log_radon: Array::from([0.8, 0.1, 1.2, 0.9, 0.3]),
    };
    let program = Model::new(radon).trace(&data)?;
    println!("{}\n", program.format_shapes().compute_log_prob(true));
    for (site, others) in get_dependencies(radon, &data)?.posterior_dependencies {
        println!("{site} depends on {}", others.keys().cloned().collect::<Vec<_>>().join(", "));
    }
    println!("\n{}", validate_model(radon, &data));
    println!("{}", validate_model(mistaken, &data));
    let file = std::env::temp_dir().join("radon.svg");
    render_model(radon, &data)?.distributions(true).save(&file)?;
    println!("\ndrawn in {}", file.display());
    Ok(())
}
