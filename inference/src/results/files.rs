//! Files and directories that are complete or not there: written beside their place, then renamed.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::Format;

/// The posterior could not be written to a file.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the posterior to {}: {source}; no file was changed", .path.display())]
pub struct ExportError {
    /// The file asked for.
    pub path: PathBuf,
    /// What went wrong.
    pub source: io::Error,
}

/// A file that is removed again unless it has been renamed to where it belongs.
struct Temporary {
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    /// A new file in the directory of `target`.
    fn beside(target: &Path) -> io::Result<(Temporary, File)> {
        let path = hidden(target)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok((Temporary { path, kept: false }, file))
    }

    /// A new directory in the directory of `target`.
    fn directory_beside(target: &Path) -> io::Result<Temporary> {
        let path = hidden(target)?;
        fs::create_dir(&path)?;
        Ok(Temporary { path, kept: false })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            // The first error is the one to report; a leftover temporary file is the lesser evil.
            let _ =
                if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        }
    }
}

/// A name beside `target` that nothing has yet.
fn hidden(target: &Path) -> io::Result<PathBuf> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name: &OsStr = target.file_name().ok_or_else(|| io::Error::other("this path names no file"))?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{number}.tmp", std::process::id()));
    Ok(target.with_file_name(hidden))
}

/// Asks whether [`Posterior::save`](super::Posterior::save) could write to `path` now, before its draws are paid for.
/// Leaves everything as it was.
///
/// # Errors
/// What saving would fail with.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), ExportError> {
    let path = path.as_ref();
    let format = Format::of(path)?;
    let asked = || match format {
        Format::Zarr => {
            directory_target(path).and_then(|target| Temporary::directory_beside(&target)).map(drop)
        }
        _ => target(path).and_then(|target| Temporary::beside(&target)).map(drop),
    };
    asked().map_err(|source| ExportError { path: path.to_owned(), source })
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

/// Has `write` fill a new directory, which then takes the place of what `path` names: nothing, or another Zarr group.
pub(super) fn replace_directory(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let target = directory_target(path)?;
    let mut temporary = Temporary::directory_beside(&target)?;
    write(&temporary.path)?;
    if target.is_dir() {
        // A directory cannot be replaced in one step: the old one steps aside, and is removed with its guard.
        let aside = Temporary::directory_beside(&target)?;
        fs::rename(&target, &aside.path)?;
        if let Err(error) = fs::rename(&temporary.path, &target) {
            fs::rename(&aside.path, &target)?;
            return Err(error);
        }
    } else {
        fs::rename(&temporary.path, &target)?;
    }
    temporary.kept = true;
    Ok(())
}

/// The directory that `path` names or may name; one that is there is replaced only if it is a Zarr group.
fn directory_target(path: &Path) -> io::Result<PathBuf> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.exists() && !target.join(".zgroup").is_file() {
        return Err(io::Error::other("this is there and no Zarr group"));
    }
    in_a_directory(target)
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
    in_a_directory(target)
}

fn in_a_directory(target: PathBuf) -> io::Result<PathBuf> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message = format!("there is no directory {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(target)
}
