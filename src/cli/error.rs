//! What a command can fail with: each displays as the one message the user sees.

use std::io;

use crate::{
    data::DataFileError,
    inference,
    runtime::{self, options::OptionError},
};

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("unknown model `{name}`{}; `pyroxene gallery` lists the models", suggestion(.nearest))]
    UnknownModel { name: String, nearest: Option<&'static str> },
    #[error("--at: coordinate {index} is `{found}`, expected a number such as 0.5 or -1e-3")]
    Coordinate { index: usize, found: String },
    #[error(
        "--at: found {found} coordinates, expected {expected} for {model}: {sites}, in this order, separated by commas"
    )]
    Coordinates { model: &'static str, found: usize, expected: usize, sites: String },
    #[error("--pass {pass}: no such pass ran; those that did are {ran}")]
    Pass { pass: String, ran: String },
    #[error("--pass goes with --emit ir or dot")]
    PassWithoutGraph,
    #[error("--out {}: {}; nothing was drawn", .0.path.display(), .0.source)]
    Out(inference::ExportError),
    #[error(
        "interrupted: {chains} chains of {draws} draws, of {asked} chains of {of}; the table and the file hold these"
    )]
    Interrupted { chains: usize, draws: usize, asked: usize, of: usize },
    #[error("interrupted after {steps} steps of {of}; the table and the file are of the guide as it is then")]
    FitInterrupted { steps: usize, of: usize },
    #[error("--json goes with --emit sites and --emit stats; `{0}` is text")]
    NotJson(&'static str),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Drawing(#[from] crate::inspect::SaveError),
    #[error("{count} of the checks above failed")]
    Unhealthy { count: usize },
    #[error(transparent)]
    Data(#[from] DataFileError),
    #[error(transparent)]
    Program(#[from] crate::Error),
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
    #[error(transparent)]
    Cache(#[from] runtime::CacheError),
    #[error(transparent)]
    Option(#[from] OptionError),
    #[error(transparent)]
    Sampling(#[from] inference::Error),
    #[error(transparent)]
    Fit(#[from] inference::SviError),
    #[error(transparent)]
    Predictive(#[from] inference::PredictiveError),
    #[error(transparent)]
    Export(#[from] inference::ExportError),
    #[error(transparent)]
    Import(#[from] inference::ImportError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default()
}
