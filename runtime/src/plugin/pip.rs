//! The user's own pip, so that their mirrors, proxies and certificates apply to the download.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::wheels::Wheel;

/// The ways to start pip, in order: the program, and the arguments before pip's own.
const WAYS: &[(&str, &[&str])] =
    &[("python3", &["-m", "pip"]), ("python", &["-m", "pip"]), ("pip3", &[]), ("pip", &[])];

/// Why pip brought no wheel.
pub(super) enum Failure {
    /// There is no pip; what was tried.
    NoPip(String),
    /// pip ran and failed; its last words.
    Refused(String),
}

/// Downloads the wheel into `directory`, which must be empty, and returns its path; `search_path` is `PATH`.
pub(super) fn download(
    wheel: &Wheel,
    directory: &Path,
    search_path: Option<&OsStr>,
) -> Result<PathBuf, Failure> {
    let mut tried = Vec::new();
    for (program, first) in WAYS {
        let Some(path) = which(program, search_path) else {
            tried.push(format!("{program}: not on PATH"));
            continue;
        };
        let mut command = Command::new(path);
        command
            .args(*first)
            .args([
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--no-input",
                "--disable-pip-version-check",
            ])
            .arg("--dest")
            .arg(directory)
            .arg(format!("{}=={}", wheel.name, wheel.version))
            .stdin(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => {
                tried.push(format!("{program}: {error}"));
                continue;
            }
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return sole_wheel(directory).map_err(|e| Failure::Refused(format!("{program}: {e}")));
        }
        if errors.contains("No module named pip") {
            tried.push(format!("{program}: has no module pip"));
            continue;
        }
        return Err(Failure::Refused(format!(
            "{program} ended with {}: {}",
            output.status,
            last_words(&errors)
        )));
    }
    Err(Failure::NoPip(tried.join("; ")))
}

/// The program as a shell would find it.
pub(super) fn which(program: &str, search_path: Option<&OsStr>) -> Option<PathBuf> {
    let name = OsString::from(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    std::env::split_paths(search_path?).map(|directory| directory.join(&name)).find(|path| path.is_file())
}

fn sole_wheel(directory: &Path) -> io::Result<PathBuf> {
    let mut wheels = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "whl") {
            wheels.push(path);
        }
    }
    match wheels.pop() {
        Some(wheel) if wheels.is_empty() => Ok(wheel),
        _ => Err(io::Error::other("it ended well but did not leave exactly one wheel")),
    }
}

/// The last lines of a message, on one line.
fn last_words(errors: &str) -> String {
    let lines: Vec<&str> = errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" / ")
}
