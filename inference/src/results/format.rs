//! The file formats a posterior is saved in and read from, by the names of files.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use super::{Posterior, PosteriorError, SiteSpec, StatSpec, files::ExportError, table};

/// A file format for posteriors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Format {
    /// ArviZ's nested dictionary as JSON, `.json`; see [`Posterior::write_arviz_json`].
    Json,
    /// ArviZ's groups as a Zarr directory of version 2, `.zarr`: `arviz.from_zarr(path)` opens it.
    Zarr,
    /// A table with a row for each draw, `.parquet`: columns `chain`, `draw`, one for each scalar (`mu`, `theta[0]`),
    /// and the statistics as `sample_stats.diverging` and so on.
    Parquet,
    /// The same table as text, `.csv`; numbers read back exactly.
    Csv,
}

/// A file with a posterior could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read a posterior from {}: {source}", .path.display())]
pub struct ImportError {
    /// The file asked for.
    pub path: PathBuf,
    /// What went wrong.
    pub source: io::Error,
}

impl Format {
    /// The format that the name of the file `path` says.
    ///
    /// # Errors
    /// When it ends in nothing known.
    pub fn of(path: impl AsRef<Path>) -> Result<Format, ExportError> {
        let path = path.as_ref();
        named(path).map_err(|source| ExportError { path: path.to_owned(), source })
    }
}

fn named(path: &Path) -> io::Result<Format> {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("json") => Ok(Format::Json),
        Some("zarr") => Ok(Format::Zarr),
        Some("parquet") => Ok(Format::Parquet),
        Some("csv") => Ok(Format::Csv),
        _ => Err(io::Error::other("expected a name that ends in .json, .zarr, .parquet or .csv")),
    }
}

impl Posterior {
    /// Writes the posterior to `path` in `format`, replacing what is there. It is written beside its place first and
    /// renamed when it is safely on disk.
    ///
    /// ```
    /// use pyroxene_inference::{Format, Posterior, SiteSpec};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut posterior = Posterior::new([SiteSpec::new("mu", [])], [])?;
    /// let mut chain = posterior.chain();
    /// chain.push(&[vec![0.5]], &[])?;
    /// posterior.push_chain(chain)?;
    /// # let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("posterior.zarr");
    /// posterior.save(&path, Format::of(&path)?)?;
    /// assert_eq!(Posterior::load(&path)?.site("mu")?.values(), [0.5]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it cannot be written; the error names the file, and what was there before is untouched.
    pub fn save(&self, path: impl AsRef<Path>, format: Format) -> Result<(), ExportError> {
        let path = path.as_ref();
        match format {
            Format::Json => self.save_json(path),
            Format::Zarr => self.save_zarr(path),
            Format::Parquet => self.save_parquet(path),
            Format::Csv => self.save_csv(path),
        }
        .map_err(|source| ExportError { path: path.to_owned(), source })
    }

    /// Reads a posterior that [`Posterior::save`] wrote: sites and statistics, without data and warm-up. A table does
    /// not say which dimensions have names.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn load(path: impl AsRef<Path>) -> Result<Posterior, ImportError> {
        let path = path.as_ref();
        let read = named(path).and_then(|format| match format {
            Format::Json => Posterior::load_json(path),
            Format::Zarr => Posterior::load_zarr(path),
            Format::Parquet => Posterior::load_parquet(path).and_then(table::posterior),
            Format::Csv => Posterior::load_csv(path).and_then(table::posterior),
        });
        read.map_err(|source| ImportError { path: path.to_owned(), source })
    }
}

/// The posterior of whole columns, `[chain][draw]` and the dimensions of one draw, each in the order of its spec.
pub(super) fn from_columns(
    (sites, site_columns): (Vec<SiteSpec>, Vec<&[f64]>),
    (stats, stat_columns): (Vec<StatSpec>, Vec<&[f64]>),
    [chains, draws]: [usize; 2],
) -> io::Result<Posterior> {
    let mut posterior = Posterior::new(sites, stats).map_err(invalid_posterior)?;
    for chain in 0..chains {
        let part = |column: &&[f64]| {
            let length = column.len() / chains;
            column[chain * length..(chain + 1) * length].to_vec()
        };
        let [sites, stats] =
            [&site_columns, &stat_columns].map(|columns| columns.iter().map(part).collect::<Vec<_>>());
        let mut recorder = posterior.chain();
        recorder.extend(draws, &sites, &stats).map_err(invalid_posterior)?;
        posterior.push_chain(recorder).map_err(invalid_posterior)?;
    }
    Ok(posterior)
}

/// A file that is not what it should be.
pub(super) fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

pub(super) fn invalid_posterior(error: PosteriorError) -> io::Error {
    invalid(error.to_string())
}
