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

/// A position with the log density and its gradient there.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) position: Vec<f64>,
    pub(crate) log_density: f64,
    pub(crate) gradient: Vec<f64>,
}

/// A search for an initial position: a strategy's proposals until the log density and its gradient are finite, 100 at most.
///
/// A position where some component of the gradient is exactly zero tells a sampler nothing about the scale there: it
/// is kept only if no better one turns up.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    at: Start,
    flat: Option<Start>,
    tries: usize,
    is_found: bool,
}

impl Search {
    pub(crate) fn new(dimension: usize) -> Search {
        let zeros = vec![0.0; dimension];
        let at = Start { position: zeros.clone(), log_density: f64::NAN, gradient: zeros };
        Search { at, flat: None, tries: 0, is_found: false }
    }

    /// Whether there is a position, or no hope of one.
    pub(crate) fn is_over(&self) -> bool {
        self.is_found || self.tries == TRIES
    }

    /// The strategy's next proposal.
    pub(crate) fn propose(&mut self, starts: &Starts, rng: &mut ChaCha8Rng) -> Result<&[f64], Error> {
        starts.propose(rng, &mut self.at.position)?;
        self.tries += 1;
        Ok(&self.at.position)
    }

    /// Takes the log density and the gradient at the last proposal.
    pub(crate) fn tell(&mut self, log_density: f64, gradient: &[f64]) {
        self.at.log_density = log_density;
        self.at.gradient.copy_from_slice(gradient);
        if log_density.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            self.is_found = gradient.iter().all(|g| *g != 0.0);
            self.flat.get_or_insert_with(|| self.at.clone());
        }
    }

    /// A position where the log density and its gradient are finite.
    ///
    /// # Errors
    /// The last proposal, when there was none.
    pub(crate) fn finish(self) -> Result<Start, Start> {
        match self.flat {
            _ if self.is_found => Ok(self.at),
            Some(flat) => Ok(flat),
            None => Err(self.at),
        }
    }
}

/// The error for a failed search: the sites whose log density or gradient is not finite at the last position.
pub(crate) fn init_error(bound: &Bound, chain: impl Into<Option<usize>>, last: &Start) -> InitError {
    let causes = diagnose::causes(bound, &last.position, &last.gradient);
    InitError { chain: chain.into(), tries: TRIES, log_density: last.log_density, causes }
}
