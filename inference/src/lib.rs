//! Algorithms on compiled models: what turns a potential into draws, and draws into a posterior one can trust.

pub mod diagnostics;
mod init;
mod mcmc;
mod nuts;
mod potential;
pub mod results;

pub use init::{Cause, InitError, Problem};
pub use mcmc::{ChainInfo, Error, Mcmc, RunInfo};
pub use nuts::Nuts;
pub use results::{
    ChainDraws, ExportError, Posterior, PosteriorError, SiteSpec, StatKind, StatSpec, Summary, SummaryRow,
    View, Warning, Worst, check_writable, stat,
};
