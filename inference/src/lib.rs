//! Algorithms on compiled models: what turns a potential into draws, and draws into a posterior one can trust.

pub mod diagnostics;
mod init;
mod mcmc;
mod nuts;
mod potential;
pub mod results;

pub use init::{Cause, InitError, InitStrategy, Problem};
pub use mcmc::{ChainInfo, ChainProgress, Chains, Error, Mcmc, Monitor, RunInfo};
pub use nuts::{Metric, Nuts};
pub use results::{
    ChainDraws, DataVariable, ExportError, Format, ImportError, Posterior, PosteriorError, SiteSpec,
    StatKind, StatSpec, Summary, SummaryRow, View, Warning, Worst, check_writable, stat,
};
