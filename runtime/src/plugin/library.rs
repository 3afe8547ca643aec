//! The check that a file is a whole shared library of this machine, made before the system's loader maps it:
//! a file cut short kills the process on first touch of a missing page, where an error is wanted.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use crate::error::PluginError;

/// Checks that `path` can be loaded without harm; `origin` says why this path, for the message.
///
/// # Errors
/// When the file cannot be read, is no shared library for this machine, or is shorter than its headers say.
pub fn check_library(path: &Path, origin: &str) -> Result<(), PluginError> {
    let problem = match inspect(path) {
        Ok(None) => return Ok(()),
        Ok(Some(problem)) => problem,
        Err(source) => {
            return Err(PluginError::Unreadable {
                path: path.to_path_buf(),
                given: origin.to_string(),
                source,
            });
        }
    };
    Err(PluginError::NotALibrary { path: path.to_path_buf(), given: origin.to_string(), problem })
}

fn inspect(path: &Path) -> io::Result<Option<String>> {
    // Opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(Some("it is not a file".to_string()));
    }
    let mut file = File::open(path)?;
    if cfg!(target_os = "linux") { inspect_elf(&mut file, metadata.len()) } else { Ok(None) }
}

/// The ELF machine number of this build, where it is known.
const MACHINE: Option<u16> = if cfg!(target_arch = "x86_64") {
    Some(62)
} else if cfg!(target_arch = "aarch64") {
    Some(183)
} else {
    None
};

/// Reads the headers of a 64-bit little-endian ELF file (System V ABI, "Object Files").
fn inspect_elf(file: &mut File, length: u64) -> io::Result<Option<String>> {
    let mut header = [0u8; 64];
    if length < 64 {
        return Ok(Some(format!("it has {length} bytes, too few for a shared library")));
    }
    file.read_exact(&mut header)?;
    if header[..4] != *b"\x7fELF" {
        return Ok(Some("it does not begin like an ELF shared library".to_string()));
    }
    if header[4] != 2 || header[5] != 1 {
        return Ok(Some("it is not a 64-bit little-endian library".to_string()));
    }
    let (kind, machine) = (short(&header, 16), short(&header, 18));
    if kind != 3 {
        return Ok(Some("it is an ELF file but not a shared library".to_string()));
    }
    if MACHINE.is_some_and(|expected| machine != expected) {
        let expected = std::env::consts::ARCH;
        return Ok(Some(format!("it is for another processor (ELF machine {machine}), this is {expected}")));
    }
    let segments = (long(&header, 32), u64::from(short(&header, 54)), u64::from(short(&header, 56)));
    let sections = (long(&header, 40), u64::from(short(&header, 58)), u64::from(short(&header, 60)));
    let mut needed = end(segments).max(end(sections));
    if needed <= length {
        let (start, size, count) = segments;
        for i in 0..count {
            let mut segment = [0u8; 56];
            if size < 56 {
                return Ok(Some("its program headers are malformed".to_string()));
            }
            file.seek(SeekFrom::Start(start + i * size))?;
            file.read_exact(&mut segment)?;
            needed = needed.max(long(&segment, 8).saturating_add(long(&segment, 32)));
        }
    }
    Ok((needed > length)
        .then(|| format!("it is cut short: {length} bytes, its headers say {needed} or more")))
}

/// Where a table of `(start, entry size, entries)` ends.
fn end((start, size, count): (u64, u64, u64)) -> u64 {
    start.saturating_add(size * count)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
