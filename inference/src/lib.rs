//! Algorithms on compiled models: what turns a potential into draws, and draws into a posterior one can trust.

pub mod diagnostics;
pub mod results;

pub use results::{
    ChainDraws, ExportError, Posterior, PosteriorError, SiteSpec, StatKind, StatSpec, Summary, SummaryRow,
    View, Warning, Worst, stat,
};
