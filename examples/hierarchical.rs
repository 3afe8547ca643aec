//! Groups that share a prior: a plate for the groups, one for the observations, and integers that join the two.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use pyroxene::prelude::*;

/// The group of each observation, and the observations where they are known.
#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    pub(crate) group: L,
    pub(crate) y: Option<L>,
    /// How many groups there are: it decides shapes, so that another number is another program.
    #[tree(static)]
    pub(crate) groups: usize,
}

/// Means of groups around a common mean.
pub(crate) fn hierarchical(d: &Data) {
    let mu_global = sample("mu_global", Normal::new(0.0, 1.0));
    let sigma_global = sample("sigma_global", Exponential::new(1.0));
    let mu_group = plate("groups", d.groups, |_| sample("mu_group", Normal::new(mu_global, sigma_global)));
    plate("obs", d.group.dim(0), |_| {
        sample("y", Normal::new(mu_group.at(d.group), 1.0).obs(d.y));
    });
}

/// Three groups of four.
pub(crate) fn data() -> Data<Array> {
    let y = [0.3, -0.1, 0.4, 0.2, 1.2, 0.8, 1.5, 1.1, -0.9, -1.3, -0.7, -1.0];
    let group = Array::from((0..12i64).map(|i| i / 4).collect::<Vec<_>>());
    Data { group, y: Some(Array::from(y)), groups: 3 }
}

fn main() -> Result<(), Box<dyn Error>> {
    let posterior = Mcmc::new(Nuts::default(), hierarchical).chains(4).seed(0).run(&data())?;
    println!("{}", posterior.summary());
    Ok(())
}
