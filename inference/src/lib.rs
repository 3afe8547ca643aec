//! Algorithms on compiled models: what turns a potential into draws, and draws into a posterior one can trust.

pub mod diagnostics;
mod init;
mod mcmc;
mod nuts;
pub mod optim;
mod potential;
mod predictive;
pub mod results;
mod sites;
mod svi;

pub use init::{Cause, InitError, InitStrategy, Problem};
pub use mcmc::{ChainInfo, ChainProgress, Chains, Error, Mcmc, Monitor, RunInfo};
pub use nuts::{Metric, Nuts};
pub use predictive::{LogLikelihood, Predictive, PredictiveError, log_likelihood};
pub use results::{
    ChainDraws, DataVariable, DrawGroup, ExportError, Format, ImportError, Posterior, PosteriorError,
    SiteDraws, SiteSpec, StatKind, StatSpec, Summary, SummaryRow, View, Warning, Worst, check_writable, stat,
};
pub use svi::{
    BoundSvi, Evaluation, Guide, GuideProgram, InitParams, Loss, LossNotFinite, Pair, Particle, Svi,
    SviError, SviMonitor, SviProgress, SviRunResult, SviState, TraceElbo, over_particles,
};
