//! What a sampling run returns: draws and sampler statistics, their summary with warnings, and the files of both.

mod arviz_json;
mod csv;
mod files;
mod format;
mod groups;
mod parquet;
mod posterior;
mod site_draws;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod view;
mod warnings;
mod zarr;

pub use files::{ExportError, check_writable};
pub use format::{Format, ImportError};
pub use groups::DataVariable;
pub use posterior::{ChainDraws, Posterior, PosteriorError, SiteSpec, StatKind, StatSpec, stat};
pub(crate) use site_draws::DrawVariable;
pub use site_draws::{DrawGroup, SiteDraws};
pub use summary::{Summary, SummaryRow};
pub use view::View;
pub use warnings::{Warning, Worst};
