//! What a sampling run returns: draws and sampler statistics, their summary with warnings, and the export to ArviZ.

mod arviz_json;
mod posterior;
mod summary;
#[cfg(test)]
mod tests;
mod view;
mod warnings;

pub use arviz_json::{ExportError, check_writable};
pub use posterior::{ChainDraws, Posterior, PosteriorError, SiteSpec, StatKind, StatSpec, stat};
pub use summary::{Summary, SummaryRow};
pub use view::View;
pub use warnings::{Warning, Worst};
