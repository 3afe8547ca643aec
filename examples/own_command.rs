//! A command over models of one's own, with all that `pyroxene` does: sampling, checks, graphs, data from files.
//!
//! ```sh
//! cargo run --release --example own_command -- sample cyclists --data examples/data/cyclists.csv
//! ```

use std::process::ExitCode;

use pyroxene::{models, prelude::*};

/// One day each. The file's numbers are simulated, with coefficients 4, 0.05 and -0.6.
#[derive(Tree, Clone)]
struct Days<L: Leaf = Tensor> {
    cyclists: L,
    celsius: L,
    #[tree(float)]
    rain: L,
}

fn cyclists(d: &Days) {
    let intercept = sample("intercept", Normal::new(0.0, 5.0));
    let warmth = sample("warmth", Normal::new(0.0, 0.5));
    let rain = sample("rain", Normal::new(0.0, 1.0));
    plate("day", d.cyclists.dim(0), |_| {
        let log_rate = intercept + warmth * d.celsius + rain * d.rain;
        sample("cyclists", Poisson::new(log_rate.exp()).obs(d.cyclists));
    });
}

fn main() -> ExitCode {
    pyroxene::cli::main(
        models![cyclists => "cyclists on a bridge by temperature and rain, Poisson regression"],
    )
}
