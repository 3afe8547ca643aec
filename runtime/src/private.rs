//! Directories that this user alone may write, because code is loaded from them.

use std::{fs, io, path::Path};

/// Creates a directory, and those above it that are missing, for this user alone.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// How others could change this file, or what is in this directory; none if they cannot.
#[cfg(unix)]
pub(crate) fn problem(metadata: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    if metadata.mode() & 0o022 != 0 {
        return Some(format!("can be written by others (mode {:o})", metadata.mode() & 0o777));
    }
    // The owner of a process's own entry is its effective user; without /proc the mode has to do.
    match fs::metadata("/proc/self") {
        Ok(process) if metadata.uid() != process.uid() && metadata.uid() != 0 => {
            Some(format!("belongs to user {}, this is user {}", metadata.uid(), process.uid()))
        }
        _ => None,
    }
}

/// Directories are private by inheritance on systems without modes.
#[cfg(not(unix))]
pub(crate) fn problem(_metadata: &fs::Metadata) -> Option<String> {
    None
}
