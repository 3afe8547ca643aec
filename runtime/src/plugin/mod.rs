//! Which PJRT plugin to load: an explicit path, then a named one, then an installed one, then, for CPUs, installing it.

mod install;
mod installed;
mod library;
mod packaged;
mod pip;
mod wheels;

use std::path::{Path, PathBuf};

pub use install::{InstallError, Installer};
pub use installed::{Condition, examine};
pub(crate) use installed::{hash_file, hex};
pub use library::check_library;
pub use wheels::{CPU_WHEELS, Wheel};

use crate::{
    backend::CPU,
    error::{PluginError, Result},
    options::Options,
};

/// A plugin and why it is the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The shared library.
    pub path: PathBuf,
    /// What led to it, for messages: `given by PYROXENE_PLUGIN`.
    pub origin: String,
    /// The library's SHA-256, lower-case hexadecimal, where its installation recorded it.
    pub sha256: Option<String>,
}

impl Found {
    /// A plugin whose path was given, `origin` says by what.
    fn given(path: &Path, origin: String) -> Found {
        Found { path: path.to_path_buf(), origin, sha256: None }
    }
}

/// Finds the plugin for `platform` (`cpu`, `cuda`, `tpu`): a path that is given; else, for CPUs, ours, installing it if there
/// is none and `options` allow it, and for others that of JAX's packages in the user's Python. `notice` gets one line
/// before a download.
///
/// # Errors
/// When there is no plugin or it cannot be installed. A path that is given is not looked at.
pub fn find(platform: &str, options: &Options, notice: &mut dyn FnMut(&str)) -> Result<Found> {
    if let Some(path) = &options.plugin {
        return Ok(Found::given(path, "given by PYROXENE_PLUGIN".to_string()));
    }
    if let Some((_, path)) = options.named_plugins.iter().find(|(name, _)| name == platform) {
        let origin = format!("given for {platform} by PJRT_NAMES_AND_LIBRARY_PATHS");
        return Ok(Found::given(path, origin));
    }
    if platform != CPU {
        let found = packaged::find(platform, options.search_path.as_deref());
        return Ok(found.map_err(|looked| PluginError::NotFound { platform: platform.to_string(), looked })?);
    }
    Ok(Installer::for_cpu(options)?.ensure(notice)?)
}
