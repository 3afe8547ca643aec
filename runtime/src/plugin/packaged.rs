//! Plugins that JAX's packages bring, asked of the user's own Python, so that their virtual environment counts.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{Found, pip::which};

/// What brings the plugin of a platform.
struct Package {
    platform: &'static str,
    /// The modules that have it, newest first.
    modules: &'static [&'static str],
    /// The file in them.
    library: &'static str,
    /// What to ask pip for.
    install: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        platform: "cuda",
        modules: &["jax_plugins.xla_cuda13", "jax_plugins.xla_cuda12"],
        library: "xla_cuda_plugin.so",
        install: "jax[cuda13]",
    },
    Package { platform: "tpu", modules: &["libtpu"], library: "libtpu.so", install: "libtpu" },
];

/// Prints the path of a file in the first of some modules that has it. Not in the working directory: what lies there is not
/// installed.
const SCRIPT: &str = "
import sys
sys.path = [p for p in sys.path if p]
import importlib.util, os
for name in sys.argv[2:]:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        continue
    for folder in (spec and spec.submodule_search_locations) or ():
        path = os.path.join(folder, sys.argv[1])
        if os.path.isfile(path):
            print(path)
            sys.exit()
";

/// The platform's plugin among the packages of the first `python3` or `python` on `search_path`.
///
/// # Errors
/// Why there is none, and what would bring it.
pub(super) fn find(platform: &str, search_path: Option<&OsStr>) -> Result<Found, String> {
    let Some(package) = PACKAGES.iter().find(|package| package.platform == platform) else {
        let known: Vec<&str> = PACKAGES.iter().map(|package| package.platform).collect();
        return Err(format!("packages are known for cpu, {}", known.join(", ")));
    };
    let mut found = ["python3", "python"].iter().filter_map(|name| which(name, search_path));
    let Some(python) = found.next() else {
        return Err("there is no python3 on PATH to look among its packages".to_string());
    };
    let output = Command::new(&python)
        .args(["-c", SCRIPT, package.library])
        .args(package.modules)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "" => Err(format!(
            "{} has no package with {}: `pip install \"{}\"` brings one",
            python.display(),
            package.library,
            package.install
        )),
        path => {
            let origin = format!("found among the packages of {}", python.display());
            Ok(Found { path: PathBuf::from(path), origin, sha256: None })
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    #![allow(clippy::print_stderr, reason = "a skipped check says so")]

    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    /// A directory with a `python3` that runs `script`.
    fn python(script: &str) -> tempfile::TempDir {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("python3");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        directory
    }

    #[test]
    fn path_that_python_prints_is_the_plugin() {
        // The third argument is the file, those after it the modules.
        let directory = python("echo /site/$3/$4");
        let found = find("cuda", Some(directory.path().as_os_str())).unwrap();
        assert_eq!(found.path, PathBuf::from("/site/xla_cuda_plugin.so/jax_plugins.xla_cuda13"));
        assert!(found.origin.ends_with("python3"), "{found:?}");
    }

    #[test]
    fn what_is_missing_is_told_with_what_brings_it() {
        let directory = python("exit 0");
        let path = Some(directory.path().as_os_str());
        assert!(find("cuda", path).unwrap_err().contains("pip install \"jax[cuda13]\""));
        assert!(find("abacus", path).unwrap_err().contains("cpu, cuda, tpu"));
        let empty = tempfile::TempDir::new().unwrap();
        assert!(find("tpu", Some(empty.path().as_os_str())).unwrap_err().contains("no python3 on PATH"));
    }

    /// By the machine's own Python, if it has one: a module of this name is installed nowhere else.
    #[test]
    fn installed_module_is_found_and_the_working_directory_is_not_searched() {
        let Some(python) = which("python3", std::env::var_os("PATH").as_deref()) else {
            return eprintln!("skipped: there is no python3");
        };
        let site = tempfile::TempDir::new().unwrap();
        let module = site.path().join("libtpu");
        fs::create_dir(&module).unwrap();
        fs::write(module.join("libtpu.so"), "").unwrap();
        let run = |command: &mut Command| {
            let output =
                command.args(["-c", SCRIPT, "libtpu.so", "no_such.module", "libtpu"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_string()
        };
        let installed = run(Command::new(&python).env("PYTHONPATH", site.path()));
        assert_eq!(PathBuf::from(installed), module.join("libtpu.so"));
        assert_eq!(run(Command::new(&python).env_remove("PYTHONPATH").current_dir(site.path())), "");
    }
}
