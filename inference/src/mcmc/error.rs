//! The errors of a sampling run.

use crate::{init::InitError, results::PosteriorError};

/// A sampling run could not be made or finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, its data or the device is at fault before sampling: a wrong model, a discrete latent site, data that
    /// do not fit.
    #[error(transparent)]
    Program(#[from] pyroxene_frontend::Error),
    /// A setting has a value it cannot have.
    #[error("`{setting}` is {found}, expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// There is nothing to sample.
    #[error(
        "the model has no latent site with an element to sample: it has {sites}; help: leave out the observation of \
         the site whose posterior is wanted (a `None` for `obs`), or ask the program for its log density instead"
    )]
    NothingToSample {
        /// The sample sites there are, in words.
        sites: String,
    },
    /// No chain can start: the sites to blame are named.
    #[error(transparent)]
    Initialization(#[from] Box<InitError>),
    /// The device failed while a chain ran.
    #[error("chain {chain} stopped: {source}")]
    Device {
        /// The chain, from 0.
        chain: usize,
        /// The device's error.
        source: pyroxene_runtime::Error,
    },
    /// The sampler gave up.
    #[error("chain {chain} stopped: {message}")]
    Sampler {
        /// The chain, from 0.
        chain: usize,
        /// The sampler's words.
        message: String,
    },
    /// The run was stopped before any chain had a draw.
    #[error("stopped before any chain had finished its warm-up: there are no draws")]
    Interrupted,
    /// The system gives no thread for a chain.
    #[error("chain {chain} cannot start: {source}")]
    Thread {
        /// The chain, from 0.
        chain: usize,
        /// What the system says.
        source: std::io::Error,
    },
    /// A chain that failed earlier was asked for more draws.
    #[error("chain {chain} has ended and makes no more draws")]
    Ended {
        /// The chain, from 0.
        chain: usize,
    },
    /// Draws could not be stored.
    #[error(transparent)]
    Posterior(#[from] PosteriorError),
}

impl From<pyroxene_runtime::Error> for Error {
    fn from(error: pyroxene_runtime::Error) -> Error {
        Error::Program(error.into())
    }
}
