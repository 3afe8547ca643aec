//! The backend of the process: found, loaded and cached once, for everyone who does not bring their own.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{backend::Backend, cache::Cached, error::Result, options::Options, pjrt::PjrtBackend, plugin};

/// Finds and loads the plugin for `platform` and keeps its executables; `notice` gets one line before downloads.
///
/// # Errors
/// When no plugin can be found, installed or loaded.
pub fn open(platform: &str, options: &Options, notice: &mut dyn FnMut(&str)) -> Result<Arc<dyn Backend>> {
    let found = plugin::find(platform, options, notice)?;
    Ok(Arc::new(Cached::new(PjrtBackend::load(&found.path, &found.origin)?)))
}

/// The CPU backend of this process, as the environment variables say. Made by the first call that succeeds.
///
/// # Errors
/// As [`open`]; the next call tries again.
pub fn default_backend() -> Result<Arc<dyn Backend>> {
    static DEFAULT: Mutex<Option<Arc<dyn Backend>>> = Mutex::new(None);
    let mut default = DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(backend) = &*default {
        return Ok(backend.clone());
    }
    let backend = open("cpu", &Options::of_process()?, &mut print_notice)?;
    Ok(default.insert(backend).clone())
}

/// The one place of this library that prints: a download of tens of megabytes must not begin unseen, and the
/// first use of a model has no one else to tell it to.
#[allow(clippy::print_stderr, reason = "see above")]
fn print_notice(line: &str) {
    eprintln!("{line}");
}
