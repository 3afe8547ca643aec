//! The posterior as ArviZ's nested dictionary in JSON, written to a file that is complete or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::{
    posterior::{Posterior, StatKind},
    view::View,
};

/// The posterior could not be written to a file.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the posterior to {}: {source}; no file was changed", .path.display())]
pub struct ExportError {
    /// The file asked for.
    pub path: PathBuf,
    /// What went wrong.
    pub source: io::Error,
}

impl Posterior {
    /// Writes ArviZ's dictionary as JSON: `{"posterior": {"mu": [chain][draw], "theta": [chain][draw][8]},
    /// "sample_stats": {"diverging": [chain][draw], ...}}`.
    ///
    /// Numbers that JSON lacks are written `NaN`, `Infinity` and `-Infinity`, which Python's `json` (and so ArviZ's
    /// users) reads back as floats; a strict JSON parser refuses a file that holds one. In Python:
    ///
    /// ```python
    /// import arviz as az, json, numpy as np
    /// groups = json.load(open("posterior.json"))
    /// idata = az.from_dict({g: {k: np.array(v) for k, v in d.items()} for g, d in groups.items()})
    /// ```
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn write_arviz_json(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\"posterior\": {")?;
        for (i, site) in self.sites().enumerate() {
            write_variable(out, i, &site, StatKind::Real)?;
        }
        out.write_all(b"\n}, \"sample_stats\": {")?;
        for (i, (values, spec)) in self.stats().zip(self.stat_specs()).enumerate() {
            write_variable(out, i, &values, spec.kind())?;
        }
        out.write_all(b"\n}}\n")
    }

    /// Writes [`Posterior::write_arviz_json`]'s text to the file `path`, replacing what is there. The text goes to a
    /// temporary file beside it first, which is renamed when it is safely on disk.
    ///
    /// # Errors
    /// When the file cannot be written; the error names it, and what was there before is untouched.
    pub fn save_arviz_json(&self, path: impl AsRef<Path>) -> Result<(), ExportError> {
        let path = path.as_ref();
        replace_file(path, |file| {
            let mut out = BufWriter::new(file);
            self.write_arviz_json(&mut out)?;
            out.flush()
        })
        .map_err(|source| ExportError { path: path.to_owned(), source })
    }
}

fn write_variable(out: &mut impl Write, index: usize, view: &View<'_>, kind: StatKind) -> io::Result<()> {
    out.write_all(if index == 0 { b"\n  " } else { b",\n  " })?;
    serde_json::to_writer(&mut *out, view.name())?;
    out.write_all(b": ")?;
    write_nested(out, &view.shape(), view.values(), kind)
}

/// The values as lists nested by `shape`.
fn write_nested(out: &mut impl Write, shape: &[usize], values: &[f64], kind: StatKind) -> io::Result<()> {
    let Some((length, inner)) = shape.split_first() else {
        return values.iter().try_for_each(|v| write_number(out, *v, kind));
    };
    let stride: usize = inner.iter().product();
    out.write_all(b"[")?;
    for i in 0..*length {
        if i > 0 {
            out.write_all(b", ")?;
        }
        write_nested(out, inner, &values[i * stride..(i + 1) * stride], kind)?;
    }
    out.write_all(b"]")
}

fn write_number(out: &mut impl Write, x: f64, kind: StatKind) -> io::Result<()> {
    match kind {
        StatKind::Flag => write!(out, "{}", x != 0.0),
        StatKind::Count if x.is_finite() => write!(out, "{x:.0}"),
        _ if x.is_nan() => out.write_all(b"NaN"),
        _ if x.is_infinite() => out.write_all(if x > 0.0 { b"Infinity" } else { b"-Infinity" }),
        // Rust's debug form is the shortest that reads back as the same double, with an exponent where it is long.
        _ => write!(out, "{x:?}"),
    }
}

/// A file that is removed again unless it has been renamed to where it belongs.
struct Temporary {
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    /// A new file in the directory of `target`.
    fn beside(target: &Path) -> io::Result<(Temporary, File)> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = target.file_name().ok_or_else(|| io::Error::other("this path names no file"))?;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}.tmp", std::process::id()));
        let path = target.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok((Temporary { path, kept: false }, file))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            // The first error is the one to report; a leftover temporary file is the lesser evil.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Asks whether [`Posterior::save_arviz_json`] could write the file `path` now, before its draws are paid for. Leaves
/// everything as it was.
///
/// # Errors
/// What saving would fail with.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), ExportError> {
    let path = path.as_ref();
    let asked = target(path).and_then(|target| Temporary::beside(&target));
    asked.map(drop).map_err(|source| ExportError { path: path.to_owned(), source })
}

pub(super) fn replace_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let target = target(path)?;
    let (mut temporary, mut file) = Temporary::beside(&target)?;
    write(&mut file)?;
    file.sync_all()?;
    fs::rename(&temporary.path, &target)?;
    temporary.kept = true;
    Ok(())
}

/// The file that `path` names or may name: a link stays a link, and its target is replaced.
fn target(path: &Path) -> io::Result<PathBuf> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(io::Error::other("this is a directory"));
    }
    if target.exists() && !target.is_file() {
        return Err(io::Error::other("this is not a regular file"));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message = format!("there is no directory {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(target)
}
