//! Installing the CPU plugin: download by pip, check, unpack aside, rename into place, one process at a time.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{
    Found,
    installed::{self, Condition, examine},
    pip,
    wheels::{CPU_WHEELS, Wheel},
};
use crate::{
    options::{InstallPolicy, Options},
    private,
};

/// Why the CPU plugin is not installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no plugin and the user forbade to download one.
    #[error(
        "no CPU plugin is installed in `{}`{}, and PYROXENE_PLUGIN_INSTALL=never forbids to download one; \
         set it to auto, or give a plugin's path in PYROXENE_PLUGIN", .data_dir.display(), found(.damage)
    )]
    Forbidden {
        /// Where it was looked for.
        data_dir: PathBuf,
        /// What is wrong with an installed one, if there is one.
        damage: Option<String>,
    },
    /// There is no pip to download with.
    #[error(
        "the CPU plugin `{wheel}` cannot be downloaded: no pip was found ({tried}); install pip, or download the wheel \
         elsewhere, unpack it, and give the path of its shared library in PYROXENE_PLUGIN"
    )]
    NoPip {
        /// The package, with its version.
        wheel: String,
        /// What was tried.
        tried: String,
    },
    /// No wheel could be downloaded, or none was what it should be.
    #[error(
        "the CPU plugin cannot be installed in `{}`: {}; mend the cause, or give a plugin's path in PYROXENE_PLUGIN",
        .data_dir.display(), .attempts.join("; ")
    )]
    Failed {
        /// Where it was to be installed.
        data_dir: PathBuf,
        /// What went wrong with each wheel, in the order tried.
        attempts: Vec<String>,
    },
    /// No wheel exists for this machine.
    #[error(
        "the CPU plugin installs itself on Linux x86-64 with glibc alone, this is {machine}; \
         give a plugin's path in PYROXENE_PLUGIN"
    )]
    Unsupported {
        /// System and processor.
        machine: String,
    },
    /// No data directory is known.
    #[error("there is no directory for the CPU plugin: set PYROXENE_DATA_DIR, XDG_DATA_HOME or HOME")]
    NoDataDir,
    /// The data directory is not the user's alone.
    #[error("`{}` {problem}: code is loaded from it, so it must be yours alone", .path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
        /// Who else may write it.
        problem: String,
    },
    /// A file operation failed.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

fn found(damage: &Option<String>) -> String {
    damage.as_ref().map(|d| format!(" in a usable state ({d})")).unwrap_or_default()
}

/// How to install a plugin: everything it depends on, explicit.
#[derive(Clone, Debug)]
pub struct Installer {
    /// The data directory; plugins go to `plugins/` below it.
    pub data_dir: PathBuf,
    /// Whether downloading is allowed.
    pub policy: InstallPolicy,
    /// The wheels that will do, best first.
    pub wheels: Vec<Wheel>,
    /// The directories in which `python3` and `pip` are looked for.
    pub search_path: Option<OsString>,
}

impl Installer {
    /// The installer of the pinned CPU plugins.
    ///
    /// # Errors
    /// When there is no wheel for this machine or no data directory.
    pub fn for_cpu(options: &Options) -> Result<Installer, InstallError> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
            let machine = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
            return Err(InstallError::Unsupported { machine });
        }
        Ok(Installer {
            data_dir: options.data_dir.clone().ok_or(InstallError::NoDataDir)?,
            policy: options.install,
            wheels: CPU_WHEELS.to_vec(),
            search_path: options.search_path.clone(),
        })
    }

    /// The installed plugin, installing it first if there is none and the policy allows it. A damaged one is
    /// replaced. `notice` gets one line before each download.
    ///
    /// # Errors
    /// As [`InstallError`] says; nothing half-done stays behind.
    pub fn ensure(&self, notice: &mut dyn FnMut(&str)) -> Result<Found, InstallError> {
        let damage = match self.look()? {
            Ok(found) => return Ok(found),
            Err(damage) => damage,
        };
        if self.policy == InstallPolicy::Never {
            return Err(InstallError::Forbidden { data_dir: self.data_dir.clone(), damage });
        }
        let plugins = self.data_dir.join("plugins");
        create_private(&plugins)?;
        let _lock = lock(&plugins.join(".lock"), notice)?;
        // Another process may have installed it while this one waited.
        let damage = match self.look()? {
            Ok(found) => return Ok(found),
            Err(damage) => damage,
        };
        if let Some(damage) = damage {
            notice(&format!("pyroxene: the installed XLA plugin is damaged ({damage}) and will be replaced"));
        }
        remove_leftovers(&plugins)?;
        self.install(&plugins, notice)
    }

    /// The first sound plugin, or what is wrong with the first damaged one.
    fn look(&self) -> Result<Result<Found, Option<String>>, InstallError> {
        let mut damage = None;
        for wheel in &self.wheels {
            match examine(&self.data_dir, wheel, false) {
                Condition::Sound(path) => {
                    check_private(&self.data_dir.join("plugins"))?;
                    return Ok(Ok(self.found(wheel, path)));
                }
                Condition::Missing => {}
                Condition::Damaged(what) => {
                    damage.get_or_insert(format!("{} {}: {what}", wheel.name, wheel.version));
                }
            }
        }
        Ok(Err(damage))
    }

    fn install(&self, plugins: &Path, notice: &mut dyn FnMut(&str)) -> Result<Found, InstallError> {
        let mut attempts = Vec::new();
        for wheel in &self.wheels {
            let megabytes = wheel.bytes.div_ceil(1_000_000);
            notice(&format!(
                "pyroxene: downloading the XLA CPU plugin {} {} ({megabytes} MB, {}) with pip into {}",
                wheel.name,
                wheel.version,
                wheel.licence,
                plugins.display()
            ));
            match self.install_one(wheel, plugins) {
                Ok(found) => return Ok(found),
                Err(Attempt::NoPip(tried)) => {
                    return Err(InstallError::NoPip {
                        wheel: format!("{}=={}", wheel.name, wheel.version),
                        tried,
                    });
                }
                Err(Attempt::Failed(why)) => {
                    attempts.push(format!("{} {}: {why}", wheel.name, wheel.version))
                }
            }
        }
        Err(InstallError::Failed { data_dir: self.data_dir.clone(), attempts })
    }

    fn install_one(&self, wheel: &Wheel, plugins: &Path) -> Result<Found, Attempt> {
        let aside = Aside::new(plugins, wheel)?;
        let (download, unpacked) = (aside.path.join("download"), aside.path.join("unpacked"));
        fs::create_dir(&download)?;
        fs::create_dir(&unpacked)?;
        let file =
            pip::download(wheel, &download, self.search_path.as_deref()).map_err(
                |failure| match failure {
                    pip::Failure::NoPip(tried) => Attempt::NoPip(tried),
                    pip::Failure::Refused(why) => Attempt::Failed(why),
                },
            )?;
        let sha256 = installed::hash_file(&file)?;
        if sha256 != wheel.sha256 {
            return Err(Attempt::Failed(format!(
                "the downloaded wheel has SHA-256 {sha256}, expected {}",
                wheel.sha256
            )));
        }
        zip::ZipArchive::new(File::open(&file)?)
            .and_then(|mut archive| archive.extract(&unpacked))
            .map_err(|e| Attempt::Failed(format!("the wheel cannot be unpacked: {e}")))?;
        if !unpacked.join(wheel.library).is_file() {
            return Err(Attempt::Failed(format!("the wheel has no file {}", wheel.library)));
        }
        installed::write_record(&unpacked, wheel)?;
        let directory = installed::directory(&self.data_dir, wheel);
        if directory.exists() {
            // The damaged one goes into the directory that is about to be removed.
            fs::rename(&directory, aside.path.join("damaged"))?;
        }
        fs::rename(&unpacked, &directory)?;
        Ok(self.found(wheel, directory.join(wheel.library)))
    }

    fn found(&self, wheel: &Wheel, path: PathBuf) -> Found {
        let origin = format!("installed from {} {}", wheel.name, wheel.version);
        Found { path, origin, sha256: installed::recorded_hash(&self.data_dir, wheel) }
    }
}

/// Why one wheel was not installed.
enum Attempt {
    NoPip(String),
    Failed(String),
}

impl From<io::Error> for Attempt {
    fn from(error: io::Error) -> Attempt {
        Attempt::Failed(error.to_string())
    }
}

/// The prefix of directories in which an installation is prepared.
const ASIDE: &str = ".installing-";

/// A directory beside the final one (so that renaming is atomic), removed with all that is still in it.
struct Aside {
    path: PathBuf,
}

impl Aside {
    fn new(plugins: &Path, wheel: &Wheel) -> io::Result<Aside> {
        let path = plugins.join(format!("{ASIDE}{}-{}", wheel.name, std::process::id()));
        fs::create_dir(&path)?;
        Ok(Aside { path })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next installation.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes what an installation left that was killed. Only called under the lock.
fn remove_leftovers(plugins: &Path) -> Result<(), InstallError> {
    let entries = fs::read_dir(plugins).map_err(io_error("read", plugins))?;
    for entry in entries {
        let path = entry.map_err(io_error("read", plugins))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(ASIDE)) {
            fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
        }
    }
    Ok(())
}

/// Takes the lock that lets one process install at a time; the system releases it when the file is closed.
fn lock(path: &Path, notice: &mut dyn FnMut(&str)) -> Result<File, InstallError> {
    let file = File::create(path).map_err(io_error("create", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            notice("pyroxene: waiting for another process to install the XLA plugin");
            file.lock().map_err(io_error("lock", path))?;
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", path)(source)),
    }
    Ok(file)
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> InstallError + use<> {
    let path = path.to_path_buf();
    move |source| InstallError::Io { action, path, source }
}

/// Creates a directory, and those above it, for this user alone.
fn create_private(path: &Path) -> Result<(), InstallError> {
    private::create(path).map_err(io_error("create", path))?;
    check_private(path)
}

/// Refuses a directory that others own or can write.
fn check_private(path: &Path) -> Result<(), InstallError> {
    let metadata = fs::metadata(path).map_err(io_error("read", path))?;
    private::problem(&metadata)
        .map_or(Ok(()), |problem| Err(InstallError::NotPrivate { path: path.to_path_buf(), problem }))
}
