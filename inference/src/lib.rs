//! Algorithms on compiled models: what turns a potential into draws, and draws into a posterior one can trust.

pub mod diagnostics;
mod guides;
mod host;
mod init;
mod kernels;
mod mcmc;
pub mod optim;
mod potential;
mod predictive;
pub mod results;
mod sampler;
mod sites;
mod svi;

pub use guides::{
    AutoDelta, AutoDiagonalNormal, AutoGuide, AutoLaplaceApproximation, AutoLowRankMultivariateNormal,
    AutoMultivariateNormal, AutoNormal,
};
pub use init::{Cause, InitError, InitStrategy, Problem};
pub use kernels::{Hmc, Kernel, Metric, Nuts};
pub use mcmc::{ChainInfo, ChainMethod, ChainProgress, Chains, Engine, Error, Mcmc, Monitor, RunInfo};
pub use predictive::{LogLikelihood, NoGuide, Predictive, PredictiveError, WithGuide, log_likelihood};
pub use results::{
    ChainDraws, DataVariable, DrawGroup, ExportError, Format, ImportError, Posterior, PosteriorError,
    SiteDraws, SiteSpec, StatKind, StatSpec, Summary, SummaryRow, View, Warning, Worst, check_writable, stat,
};
pub use sampler::Generator;
pub use svi::{
    BoundSvi, Evaluation, Guide, GuideProgram, InitParams, Loss, LossNotFinite, Pair, Particle, RenyiElbo,
    Svi, SviError, SviMonitor, SviProgress, SviRunResult, SviState, TraceElbo, TraceGraphElbo,
    TraceMeanFieldElbo, over_particles, posterior_of,
};
