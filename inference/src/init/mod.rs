//! Where a chain starts: NumPyro's strategies, and an account of the sites to blame where no start is found.

mod cause;
mod diagnose;
mod strategy;

use nuts_rs::rand::rngs::ChaCha8Rng;
use pyroxene_frontend::{Bound, Error};

pub use cause::{Cause, InitError, Problem};
pub use strategy::InitStrategy;
pub(crate) use strategy::Starts;

/// How many positions are tried.
pub(crate) const TRIES: usize = 100;

/// What a search for an initial position came to.
pub(crate) enum Search {
    /// A position where the log density and its gradient are finite.
    Found { position: Vec<f64>, log_density: f64, gradient: Vec<f64> },
    /// There was none among [`TRIES`]; the last one, its log density and gradient.
    Failed { position: Vec<f64>, log_density: f64, gradient: Vec<f64> },
}

/// A log density at a position, which leaves its gradient in the second slice.
pub(crate) type LogDensity<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64, pyroxene_runtime::Error> + 'a;

/// Takes the strategy's proposals until the log density and its gradient are finite, 100 times at most.
///
/// A position where some component of the gradient is exactly zero tells a sampler nothing about the scale there: it
/// is kept only if no better one turns up.
pub(crate) fn search(
    starts: &Starts,
    dimension: usize,
    density: &mut LogDensity<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Search, Error> {
    let mut position = vec![0.0; dimension];
    let mut gradient = vec![0.0; position.len()];
    let mut log_density = f64::NAN;
    let mut flat = None;
    for _ in 0..TRIES {
        starts.propose(rng, &mut position)?;
        log_density = density(&position, &mut gradient)?;
        if log_density.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            if gradient.iter().all(|g| *g != 0.0) {
                return Ok(Search::Found { position, log_density, gradient });
            }
            flat.get_or_insert_with(|| (position.clone(), log_density, gradient.clone()));
        }
    }
    Ok(match flat {
        Some((position, log_density, gradient)) => Search::Found { position, log_density, gradient },
        None => Search::Failed { position, log_density, gradient },
    })
}

/// The error for a failed search: the sites whose log density or gradient is not finite at the last position.
pub(crate) fn init_error(
    bound: &Bound,
    chain: impl Into<Option<usize>>,
    position: &[f64],
    log_density: f64,
    gradient: &[f64],
) -> InitError {
    let causes = diagnose::causes(bound, position, gradient);
    InitError { chain: chain.into(), tries: TRIES, log_density, causes }
}
