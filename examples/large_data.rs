//! Large data in minibatches: a plate that subsamples, data that follow it, and the mistake that has a name.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::{Model, prelude::*};

/// A row of predictors for each outcome.
#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    pub(crate) x: L,
    pub(crate) y: Option<L>,
}

/// Each run sees at most a thousand rows; its log density counts each of them `n / 1000` times.
pub(crate) fn large_dataset(d: &Data) {
    let (n, features) = (d.x.dim(0), d.x.dim(1));
    let weights = sample("weights", Normal::new(0.0, 1.0).expand(&[features]));
    Plate::new("data", n).subsample_size(n.min(1000)).run(|_| {
        let x = subsample(d.x, 1);
        let y = d.y.map(|y| subsample(y, 0));
        sample("y", Normal::new(x.matmul(weights), 0.1).obs(y));
    });
}

/// The same with the rows taken twice: `subsample` has reduced the data before the indices are applied. Up to a
/// thousand rows there is no subsample and nothing goes wrong; above, NumPyro would read rows that are not there.
pub(crate) fn subsampled_twice(d: &Data) {
    let (n, features) = (d.x.dim(0), d.x.dim(1));
    let weights = sample("weights", Normal::new(0.0, 1.0).expand(&[features]));
    Plate::new("data", n).subsample_size(n.min(1000)).run(|idx| {
        let x = subsample(d.x, 1).at(idx);
        let y = d.y.map(|y| subsample(y, 0).at(idx));
        sample("y", Normal::new(x.matmul(weights), 0.1).obs(y));
    });
}

/// `n` rows on a plane without noise.
pub(crate) fn data(n: usize) -> Result<Data<Array>, Box<dyn Error>> {
    let x: Vec<f64> = (0..3 * n).map(|i| (i as f64 * 0.7).sin()).collect();
    let y: Vec<f64> = x.chunks(3).map(|row| row[0] - row[1] + 0.5 * row[2]).collect();
    Ok(Data { x: Array::new([n, 3], x)?, y: Some(Array::from(y)) })
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = data(10_000)?;
    // Without outcomes they are drawn, for a thousand rows.
    let bound = Model::new(large_dataset).bind(&Data { y: None, ..data.clone() })?;
    for (output, value) in bound.outputs().iter().zip(bound.draws(0)?) {
        println!("{}: {:?}", output.name, value.dims());
    }
    if let Err(error) = Model::new(subsampled_twice).trace(&data) {
        println!("{error}");
    }
    Ok(())
}
