//! Data of one's own: a struct with `#[derive(Tree)]` is both what the model sees and what the program is given.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::prelude::*;

/// Heights and weights. `L` is `Tensor` inside the model and `Array` outside.
#[derive(Tree, Clone)]
struct Women<L: Leaf = Tensor> {
    inches: L,
    pounds: L,
    /// Not data but structure: another degree is another program.
    #[tree(static)]
    degree: usize,
}

/// A polynomial of the given degree in the standardised height.
fn model(d: &Women) {
    let height = (d.inches - 65.0) / 4.5;
    let mut mean = sample("intercept", Normal::new(140.0, 50.0));
    let mut power = height;
    for degree in 1..=d.degree {
        mean = mean + sample(&format!("slope{degree}"), Normal::new(0.0, 20.0)) * power;
        power = power * height;
    }
    let sigma = sample("sigma", HalfNormal::new(10.0));
    plate("woman", d.pounds.dim(0), |_| {
        sample("pounds", Normal::new(mean, sigma).obs(d.pounds));
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    // Average weights of American women by height (World Almanac 1975).
    let data = Women {
        inches: Array::from((58..73).map(f64::from).collect::<Vec<_>>()),
        pounds: Array::from([
            115.0, 117.0, 120.0, 123.0, 126.0, 129.0, 132.0, 135.0, 139.0, 142.0, 146.0, 150.0, 154.0, 159.0,
            164.0,
        ]),
        degree: 2,
    };
    let posterior = Mcmc::new(Nuts::default(), model).chains(4).seed(1).run(&data)?;
    println!("{}", posterior.summary());
    Ok(())
}
