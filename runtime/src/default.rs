//! The backend of the process: found, loaded and cached once, for everyone who does not bring their own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crate::{
    backend::Backend,
    cache::{Cached, DiskCache, Stored},
    error::{Error, Result},
    options::Options,
    pjrt::PjrtBackend,
    plugin,
};

/// How a backend is opened, with the arguments of [`open`].
pub type OpenBackend =
    fn(platform: &str, options: &Options, notice: &mut dyn FnMut(&str)) -> Result<Arc<dyn Backend>>;

static REGISTERED: Mutex<BTreeMap<&'static str, OpenBackend>> = Mutex::new(BTreeMap::new());

/// Makes a backend of another crate available under a name, for [`open`] and so for [`default_backend`]. A name given
/// again takes the later function; `pjrt` is always this crate's own.
pub fn register_backend(name: &'static str, open: OpenBackend) {
    REGISTERED.lock().unwrap_or_else(PoisonError::into_inner).insert(name, open);
}

/// The registered function of a name; none is this crate's own backend.
fn registered(name: Option<&str>) -> Result<Option<OpenBackend>> {
    const OWN: &str = "pjrt";
    let Some(name) = name.filter(|name| *name != OWN) else { return Ok(None) };
    let registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    registered.get(name).copied().map(Some).ok_or_else(|| Error::UnknownBackend {
        name: name.to_string(),
        known: std::iter::once(OWN).chain(registered.keys().copied()).collect(),
    })
}

/// Opens the backend that the options name for `platform`, a PJRT plugin unless they name another, and keeps its
/// executables, on disk too; `notice` gets one line before downloads, and one when nothing can be kept on disk.
///
/// # Errors
/// When no backend has that name, or no plugin can be found, installed or loaded.
pub fn open(platform: &str, options: &Options, notice: &mut dyn FnMut(&str)) -> Result<Arc<dyn Backend>> {
    if let Some(open) = registered(options.backend.as_deref())? {
        return open(platform, options, notice);
    }
    let found = plugin::find(platform, options, notice)?;
    let backend = PjrtBackend::load(&found.path, &found.origin)?.of_library(found.sha256.as_deref());
    let Some(cache) = DiskCache::of(options) else { return Ok(Arc::new(Cached::new(backend))) };
    Ok(match Stored::identity(backend.platform(), &found, &cache) {
        Ok(identity) => {
            let backend = backend.of_library(Some(identity.plugin()));
            Arc::new(Cached::new(Stored::new(backend, cache, identity)))
        }
        Err(error) => {
            notice(&format!("pyroxene: compiled programs are not kept on disk: {error}"));
            Arc::new(Cached::new(backend))
        }
    })
}

/// The backend of the process, once it is made.
static DEFAULT: Mutex<Option<Arc<dyn Backend>>> = Mutex::new(None);

/// The backend of this process, as the environment variables say: the CPU's unless they name another platform. Made by the first call that succeeds.
///
/// # Errors
/// As [`open`]; the next call tries again.
pub fn default_backend() -> Result<Arc<dyn Backend>> {
    let mut default = DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(backend) = &*default {
        return Ok(backend.clone());
    }
    let options = Options::of_process()?;
    let backend = open(options.platform(), &options, &mut notice)?;
    Ok(default.insert(backend).clone())
}

/// [`default_backend`] and what `work` returns. Where there is no backend yet, a thread of its own opens it while this one
/// works: loading a plugin takes as long as recording a program, and neither needs the other.
///
/// ```no_run
/// # fn main() -> Result<(), pyroxene_runtime::Error> {
/// let (backend, sum) = pyroxene_runtime::default_backend_beside(|| (0..1000).sum::<u64>());
/// assert_eq!((backend?.platform().is_cpu(), sum), (true, 499_500));
/// # Ok(()) }
/// ```
pub fn default_backend_beside<T>(work: impl FnOnce() -> T) -> (Result<Arc<dyn Backend>>, T) {
    let missing = DEFAULT.try_lock().is_ok_and(|default| default.is_none());
    thread::scope(|scope| {
        let opener = || thread::Builder::new().name("backend".into()).spawn_scoped(scope, default_backend);
        let opening = missing.then(opener);
        let done = work();
        let opened = opening.and_then(|thread| thread.ok()?.join().ok());
        (opened.unwrap_or_else(default_backend), done)
    })
}

/// Writes a line to stderr, the one place of this library that prints: a download of tens of megabytes must not begin
/// unseen, nor must a likely mistake in a model, and the first use of a model has no one else to tell it to.
#[allow(clippy::print_stderr, reason = "see above")]
pub fn notice(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::error::PluginError;

    #[test]
    fn backends_are_opened_by_name() {
        let options = |name: &str| Options { backend: Some(name.into()), ..Options::default() };
        let open = |name: &str| open("cpu", &options(name), &mut |_| {}).unwrap_err();
        let error = open("xla-rs");
        assert!(
            error.to_string().starts_with("no backend is called `xla-rs`, expected one of pjrt;"),
            "{error}"
        );
        register_backend("stub", |platform, _, _| {
            Err(PluginError::NotFound { platform: format!("{platform} of stub"), looked: String::new() }
                .into())
        });
        assert!(open("stub").to_string().contains("`cpu of stub`"));
        let error = open("xla_rs");
        assert!(
            matches!(&error, Error::UnknownBackend { known, .. } if *known == ["pjrt", "stub"]),
            "{error}"
        );
    }
}
