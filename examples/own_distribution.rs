//! A distribution of one's own, used in a model like the built-in ones: nothing is registered anywhere.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{constraints::Support, prelude::*};

/// The Laplace distribution: errors with heavier tails than normal ones, so that outliers weigh less.
#[derive(Clone, Copy)]
struct Laplace {
    loc: Tensor,
    scale: Tensor,
}

impl Laplace {
    fn new(loc: impl Into<Tensor>, scale: impl Into<Tensor>) -> Laplace {
        Laplace { loc: loc.into(), scale: scale.into() }
    }
}

impl Distribution for Laplace {
    fn name(&self) -> String {
        "Laplace".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("loc", self.loc, constraints::real()),
            Param::new("scale", self.scale, constraints::positive()),
        ]
    }

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        -(value - self.loc).abs() / self.scale - (self.scale * 2.0).log()
    }

    // Only draws need this; a posterior does not.
    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = [sample_shape, &self.batch_shape()?].concat();
        let u = random::uniform(key, &dims, self.dtype(), -0.5, 0.5);
        Some(self.loc - self.scale * u.sign() * (-2.0 * u.abs()).log1p())
    }
}

/// Telephone calls from Belgium by year; for some years minutes were recorded instead (Rousseeuw and Leroy 1987).
#[derive(Tree, Clone)]
struct Calls<L: Leaf = Tensor> {
    year: L,
    millions: L,
}

fn model(d: &Calls) {
    let level = sample("level", Normal::new(0.0, 100.0));
    let trend = sample("trend", Normal::new(0.0, 10.0));
    let scale = sample("scale", HalfNormal::new(50.0));
    plate("year", d.year.dim(0), |_| {
        sample("calls", Laplace::new(level + trend * (d.year - 61.5), scale).obs(d.millions));
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = Calls {
        year: Array::from((50..74).map(f64::from).collect::<Vec<_>>()),
        millions: Array::from([
            4.4, 4.7, 4.7, 5.9, 6.6, 7.3, 8.1, 8.8, 10.6, 12.0, 13.5, 14.9, 16.1, 21.2, 119.0, 124.0, 142.0,
            159.0, 182.0, 212.0, 43.0, 24.0, 27.0, 29.0,
        ]),
    };
    let posterior =
        Mcmc::new(Nuts::default(), model).chains(4).warmup(1000).draws(1000).seed(0).run(&data)?;
    println!("{}", posterior.summary());
    Ok(())
}
