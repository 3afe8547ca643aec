//! Where a chain may start: NumPyro's strategies, as one graph that makes a position from coordinates and a key.

use nuts_rs::rand::{RngExt, rngs::ChaCha8Rng};
use pyroxene_frontend::{Array, Bound, Error};
use pyroxene_ir::{Graph, eval::eval};

/// How chains find their initial positions. Each position is tried until the log density and its gradient are finite
/// there, 100 times at most.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// use pyroxene_inference::{InitStrategy, Mcmc, Nuts};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mcmc = Mcmc::new(Nuts::default(), |_: &()| { sample("tau", HalfCauchy::new(5.0)); }).warmup(100).draws(100);
/// mcmc.clone().init_strategy(InitStrategy::Median { num_samples: 15 }).run(&())?;
/// mcmc.init_strategy(InitStrategy::value([("tau", Array::from(2.0))])).run(&())?;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum InitStrategy {
    /// Unconstrained coordinates uniform in (−radius, radius): `init_to_uniform`. The default, with radius 2.
    Uniform {
        /// Half the width of the interval.
        radius: f64,
    },
    /// Unconstrained coordinates of zero, a value inside every support: `init_to_feasible`.
    Feasible,
    /// The median, element by element, of draws from each site's prior given the medians of the sites before it:
    /// `init_to_median`. A site that cannot be drawn from is uniform.
    Median {
        /// The number of draws; NumPyro's default is 15.
        num_samples: usize,
    },
    /// The mean of each site's prior given the means of the sites before it: `init_to_mean`. Where it is infinite, or
    /// nobody states it, the median of 15 draws.
    Mean,
    /// A draw from the prior: `init_to_sample`. A site that cannot be drawn from is uniform.
    Sample,
    /// The values given; sites without one are uniform: `init_to_value`.
    Value(Vec<(String, Array)>),
}

/// NumPyro's default number of draws for a median.
const MEDIAN_OF: usize = 15;

impl Default for InitStrategy {
    fn default() -> InitStrategy {
        InitStrategy::Uniform { radius: 2.0 }
    }
}

impl InitStrategy {
    /// [`InitStrategy::Value`] of sites by their names.
    pub fn value<S: Into<String>>(values: impl IntoIterator<Item = (S, Array)>) -> InitStrategy {
        InitStrategy::Value(values.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Half the width of the interval of unconstrained coordinates.
    pub(crate) fn radius(&self) -> f64 {
        match self {
            InitStrategy::Uniform { radius } => *radius,
            InitStrategy::Feasible => 0.0,
            _ => 2.0,
        }
    }

    /// Prepares the strategy for a program.
    ///
    /// # Errors
    /// When a value is of no latent site, or has another type than its site.
    pub(crate) fn of(&self, bound: &Bound) -> Result<Starts, Error> {
        Ok(Starts { radius: self.radius(), graph: self.initial(bound)? })
    }

    /// What makes a position from arguments, coordinates and a key; none where the coordinates are the position.
    ///
    /// # Errors
    /// As [`InitStrategy::of`].
    pub(crate) fn initial(&self, bound: &Bound) -> Result<Option<(Graph, Vec<Array>)>, Error> {
        let none: &[(String, Array)] = &[];
        Ok(match self {
            InitStrategy::Uniform { .. } | InitStrategy::Feasible => None,
            InitStrategy::Median { num_samples } => {
                Some(bound.initial((*num_samples).max(1), false, none)?)
            }
            InitStrategy::Mean => Some(bound.initial(MEDIAN_OF, true, none)?),
            InitStrategy::Sample => Some(bound.initial(1, false, none)?),
            InitStrategy::Value(values) => Some(bound.initial(0, false, values)?),
        })
    }
}

/// The positions that a strategy proposes for one program.
pub(crate) struct Starts {
    radius: f64,
    /// Makes a position from arguments, coordinates and a key; none where the coordinates are the position.
    graph: Option<(Graph, Vec<Array>)>,
}

impl Starts {
    /// Writes the next proposal.
    pub(crate) fn propose(&self, rng: &mut ChaCha8Rng, position: &mut [f64]) -> Result<(), Error> {
        position
            .fill_with(|| if self.radius > 0.0 { rng.random_range(-self.radius..self.radius) } else { 0.0 });
        let Some((graph, arguments)) = &self.graph else { return Ok(()) };
        let mut all = arguments.clone();
        all.push(Array::from(&*position));
        all.push(Array::from([rng.random::<u32>(), rng.random::<u32>()]));
        let made = eval(graph, &all)?;
        for (to, x) in position.iter_mut().zip(made.iter().flat_map(Array::to_f64_vec)) {
            *to = x;
        }
        Ok(())
    }
}
