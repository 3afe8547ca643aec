//! `pyroxene doctor`: what this machine has and lacks, each finding with what to do about it.

use std::{io::Write, path::Path, process::Command};

use super::{
    Style, env,
    error::Failure,
    output::{json, table},
};
use crate::{
    Tensor, eval,
    runtime::{
        CPU, DiskCache, default_backend,
        options::{Environment, InstallPolicy, Options},
        plugin::{CPU_WHEELS, Condition, examine, find},
    },
};

/// What was found out about one thing.
enum Health {
    Good,
    /// Nothing is broken, but the user should know.
    Note,
    Broken,
}

struct Finding {
    what: &'static str,
    health: Health,
    detail: String,
}

impl Finding {
    fn good(what: &'static str, detail: impl Into<String>) -> Finding {
        Finding { what, health: Health::Good, detail: detail.into() }
    }

    fn note(what: &'static str, detail: impl Into<String>) -> Finding {
        Finding { what, health: Health::Note, detail: detail.into() }
    }

    fn broken(what: &'static str, detail: impl Into<String>) -> Finding {
        Finding { what, health: Health::Broken, detail: detail.into() }
    }
}

pub(super) fn run(style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut findings = vec![machine()];
    match Options::of_process() {
        Ok(options) => {
            let pip = pip(&options);
            let plugin = plugin(&options, pip.is_ok());
            let installed = matches!(plugin.health, Health::Good);
            findings.push(plugin);
            findings.push(match pip {
                Ok(version) => Finding::good("pip", version),
                // Only an installation needs it.
                Err(tried) if installed => {
                    Finding::note("pip", format!("not found ({tried}), and not needed now"))
                }
                Err(tried) => Finding::broken("pip", format!("not found ({tried})")),
            });
            findings.extend(options.data_dir.as_deref().map(data_directory));
            findings.push(cache(&options));
            findings.extend(if installed { first_run() } else { vec![not_run()] });
        }
        Err(error) => findings.push(Finding::broken("options", error.to_string())),
    }
    let unknown = Environment::of_process().unknown();
    if !unknown.is_empty() {
        let detail = format!("{} set, but no variable is called so", unknown.join(", "));
        findings.push(Finding::note("variables", detail));
    }
    let count = findings.iter().filter(|f| matches!(f.health, Health::Broken)).count();
    let rows: Vec<Vec<String>> = findings.iter().map(row).collect();
    if style.json {
        let row = |r: &Vec<String>| serde_json::json!({"state": r[0], "what": r[1], "detail": r[2]});
        let findings: Vec<_> = rows.iter().map(row).collect();
        let variables = env::values(&Environment::of_process());
        json(out, &serde_json::json!({"findings": findings, "variables": variables}))?;
    } else {
        table(out, &rows)?;
        if !style.quiet {
            writeln!(out)?;
            env::run(style, out)?;
        }
    }
    if count == 0 { Ok(()) } else { Err(Failure::Unhealthy { count }) }
}

fn row(finding: &Finding) -> Vec<String> {
    let mark = match finding.health {
        Health::Good => "ok",
        Health::Note => "note",
        Health::Broken => "BROKEN",
    };
    vec![mark.to_string(), finding.what.to_string(), finding.detail.clone()]
}

fn machine() -> Finding {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let libc = output(Command::new("getconf").arg("GNU_LIBC_VERSION"));
    let detail = format!("{os} {arch}, {}", libc.as_deref().unwrap_or("C library unknown"));
    if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        Finding::good("machine", detail)
    } else {
        let detail =
            format!("{detail}: the CPU plugin cannot install itself here, give one in PYROXENE_PLUGIN");
        Finding::note("machine", detail)
    }
}

/// Which plugin will be loaded, without loading or installing it.
fn plugin(options: &Options, pip: bool) -> Finding {
    const WHAT: &str = "plugin";
    let named = options.named_plugins.iter().find(|(name, _)| name == options.platform());
    let given = options.plugin.as_ref().map(|path| ("PYROXENE_PLUGIN", path));
    if let Some((variable, path)) = given.or(named.map(|(_, path)| ("PJRT_NAMES_AND_LIBRARY_PATHS", path))) {
        return if path.is_file() {
            Finding::good(WHAT, format!("{}, given by {variable}", path.display()))
        } else {
            Finding::broken(WHAT, format!("{variable} names {}, which is no file", path.display()))
        };
    }
    if let Some(other) = options.backend.as_deref().filter(|name| *name != "pjrt") {
        return Finding::good(WHAT, format!("none, since PYROXENE_BACKEND names {other}"));
    }
    if options.platform() != CPU {
        return match find(options.platform(), options, &mut |_| {}) {
            Ok(found) => Finding::good(WHAT, format!("{}, {}", found.path.display(), found.origin)),
            Err(error) => Finding::broken(WHAT, error.to_string()),
        };
    }
    let Some(data_dir) = &options.data_dir else {
        return Finding::broken(WHAT, "no directory for it: set PYROXENE_DATA_DIR, XDG_DATA_HOME or HOME");
    };
    let mut damage = None;
    for wheel in CPU_WHEELS {
        match examine(data_dir, wheel, true) {
            Condition::Sound(path) => {
                return Finding::good(WHAT, format!("{} {}, {}", wheel.name, wheel.version, path.display()));
            }
            Condition::Damaged(what) => {
                damage = damage.or(Some(format!("{} is damaged: {what}", wheel.name)))
            }
            Condition::Missing => {}
        }
    }
    let found = damage.unwrap_or_else(|| format!("none in {}", data_dir.display()));
    match (options.install, pip) {
        (InstallPolicy::Never, _) => {
            Finding::broken(WHAT, format!("{found}; PYROXENE_PLUGIN_INSTALL forbids installing"))
        }
        (InstallPolicy::Auto, true) => {
            Finding::note(WHAT, format!("{found}; the first use of a model will install it"))
        }
        (InstallPolicy::Auto, false) => Finding::broken(WHAT, format!("{found}; installing it takes pip")),
    }
}

/// The version of the first pip that runs, or what was tried.
fn pip(options: &Options) -> Result<String, String> {
    let path = options.search_path.clone().unwrap_or_default();
    let ways: [(&str, &[&str]); 4] =
        [("python3", &["-m", "pip"]), ("python", &["-m", "pip"]), ("pip3", &[]), ("pip", &[])];
    let mut ways_out = ways.iter().map(|(program, first)| {
        let found = std::env::split_paths(&path).map(|d| d.join(program)).find(|p| p.is_file())?;
        let version = output(Command::new(&found).args(*first).arg("--version"))?;
        Some(format!("{}: {version}", found.display()))
    });
    ways_out.find_map(|v| v).ok_or_else(|| "tried python3 -m pip, python -m pip, pip3 and pip".to_string())
}

/// The first line a program prints, if it ends well.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|o| o.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_string())
}

fn data_directory(path: &Path) -> Finding {
    const WHAT: &str = "data";
    // Below a directory that does not exist yet, the nearest one that does decides.
    let Some(existing) = path.ancestors().find(|p| p.exists()) else {
        return Finding::broken(WHAT, format!("{} cannot be made", path.display()));
    };
    let state = if existing == path { "" } else { " (will be made)" };
    let detail = format!("{}{state}{}", path.display(), mode(existing));
    match writable(existing) {
        Ok(()) => Finding::good(WHAT, detail),
        Err(error) => Finding::broken(WHAT, format!("{detail}: cannot be written: {error}")),
    }
}

fn writable(directory: &Path) -> std::io::Result<()> {
    let probe = directory.join(format!(".pyroxene-doctor-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    std::fs::remove_file(&probe)
}

#[cfg(unix)]
fn mode(path: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    metadata.map(|m| format!(", mode {:o}", m.permissions().mode() & 0o777)).unwrap_or_default()
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> String {
    String::new()
}

/// Whether compiled programs are kept for the next start.
fn cache(options: &Options) -> Finding {
    const WHAT: &str = "cache";
    if let Some(other) = options.backend.as_deref().filter(|name| *name != "pjrt") {
        return Finding::note(
            WHAT,
            format!("not used: the backend {other} cannot load what it compiled before"),
        );
    }
    let Some(cache) = DiskCache::of(options) else { return Finding::note(WHAT, super::cache::OFF) };
    match cache.check().and_then(|()| cache.contents()) {
        Ok(contents) => {
            Finding::good(WHAT, format!("{}, {}", cache.directory().display(), super::cache::size(contents)))
        }
        Err(error) => Finding::note(WHAT, format!("not used: {error}")),
    }
}

/// Loads the plugin, compiles a sum and runs it.
fn first_run() -> Vec<Finding> {
    let backend = match default_backend() {
        Ok(backend) => backend,
        Err(error) => return vec![Finding::broken("device", error.to_string())],
    };
    let device = Finding::good("device", backend.platform().to_string());
    let run = match eval(|| (Tensor::from([1.0, 2.0, 3.0]) * 2.0).sum()) {
        Ok(sum) if sum.as_slice::<f64>() == Some(&[12.0]) => {
            let how = if backend.stats().compiles > 0 { "compiled" } else { "loaded from the cache" };
            Finding::good("run", format!("{how} and ran a sum"))
        }
        Ok(sum) => Finding::broken("run", format!("2 (1 + 2 + 3) came out as {sum:?}, expected 12")),
        Err(error) => Finding::broken("run", error.to_string()),
    };
    vec![device, run]
}

fn not_run() -> Finding {
    Finding::note("run", "not tried: there is no plugin to run with yet")
}
