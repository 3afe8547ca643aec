//! A loaded plugin: its function table, found through `GetPjrtApi`, and the one way to call it.

use std::{
    collections::BTreeMap,
    ffi::c_char,
    mem,
    path::{Path, PathBuf},
    slice,
    sync::{Mutex, PoisonError},
};

use super::{
    environment::quieten,
    ffi::{self, Args},
};
use crate::error::{Code, DeviceError, PluginError};

/// A plugin's function table. Plugins are never unloaded, so references to it are `'static`.
pub(super) struct Api {
    pub(super) table: &'static ffi::ApiTable,
}

/// Calls one function of the table: `call!(api, client_compile, &mut args)`.
macro_rules! call {
    ($api:expr, $function:ident, $args:expr) => {
        $api.checked(stringify!($function), $api.table.$function, $args)
    };
}
pub(super) use call;

impl Api {
    /// Loads the plugin at `path`, or returns the one loaded from there before: XLA initialises only once.
    pub(super) fn load(path: &Path, given: &str) -> Result<&'static Api, PluginError> {
        static LOADED: Mutex<BTreeMap<PathBuf, &'static Api>> = Mutex::new(BTreeMap::new());
        let key = path.canonicalize().map_err(|source| PluginError::Unreadable {
            path: path.to_path_buf(),
            given: given.to_string(),
            source,
        })?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(api) = loaded.get(&key) {
            return Ok(api);
        }
        quieten();
        // The loader would look for a bare file name in its own directories.
        let table = open(&key, given)?;
        let api: &'static Api = Box::leak(Box::new(Api { table }));
        let mut args = ffi::PluginInitializeArgs::new();
        // SAFETY: the structure is the one this function takes and has no pointers to fill in.
        unsafe { call!(api, plugin_initialize, &mut args) }.map_err(|source| PluginError::Client {
            path: path.to_path_buf(),
            given: given.to_string(),
            source,
        })?;
        loaded.insert(key, api);
        Ok(api)
    }

    /// Calls `function` and takes over the error it may return.
    ///
    /// # Safety
    /// The pointers in `args` must be valid for what `function` does with them.
    pub(super) unsafe fn checked<A>(
        &self,
        name: &'static str,
        function: ffi::Entry<A>,
        args: &mut A,
    ) -> Result<(), DeviceError> {
        let Some(function) = function else {
            let message = "the plugin leaves this function out; use a newer plugin".to_string();
            return Err(DeviceError { call: name, code: Code::Unimplemented, message });
        };
        // SAFETY: the caller vouches for the pointers; the structure has the size it says.
        let error = unsafe { function(args) };
        if error.is_null() { Ok(()) } else { Err(self.take(name, error)) }
    }

    /// Reads an error's code and words, then frees it.
    #[cold]
    fn take(&self, call: &'static str, error: *mut ffi::ErrorObject) -> DeviceError {
        let mut code = ffi::ErrorGetCodeArgs::new();
        code.error = error;
        let mut message = ffi::ErrorMessageArgs::new();
        message.error = error;
        let mut destroy = ffi::ErrorDestroyArgs::new();
        destroy.error = error;
        // SAFETY: `error` came from this plugin and is owned here; its message is copied before it is
        // destroyed, and nothing refers to it afterwards. An error of the error functions themselves cannot
        // be reported and is left.
        unsafe {
            if let Some(function) = self.table.error_get_code {
                let _ = function(&mut code);
            }
            if let Some(function) = self.table.error_message {
                function(&mut message);
            }
            let text = text(message.message, message.message_size);
            if let Some(function) = self.table.error_destroy {
                function(&mut destroy);
            }
            DeviceError { call, code: Code::from_number(code.code), message: text }
        }
    }

    /// Waits for an event and frees it, returning the failure it may carry.
    ///
    /// # Safety
    /// `event` must be an event of this plugin, owned by the caller, or null (nothing to wait for).
    pub(super) unsafe fn finish(&self, event: *mut ffi::EventObject) -> Result<(), DeviceError> {
        if event.is_null() {
            return Ok(());
        }
        let mut wait = ffi::EventAwaitArgs::new();
        wait.event = event;
        // SAFETY: the event is valid until the call to destroy it below.
        let outcome = unsafe { call!(self, event_await, &mut wait) };
        let mut destroy = ffi::EventDestroyArgs::new();
        destroy.event = event;
        // SAFETY: owned by the caller, who gives it up; not used again.
        let freed = unsafe { call!(self, event_destroy, &mut destroy) };
        outcome.and(freed)
    }
}

/// Copies a text that the plugin owns.
///
/// # Safety
/// `start` must be null or point to `size` readable bytes.
pub(super) unsafe fn text(start: *const c_char, size: usize) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: by the contract above.
    let bytes = unsafe { slice::from_raw_parts(start.cast::<u8>(), size) };
    String::from_utf8_lossy(bytes).trim_end().to_string()
}

fn open(path: &Path, given: &str) -> Result<&'static ffi::ApiTable, PluginError> {
    let not_a_plugin = |problem: &str| PluginError::NotAPlugin {
        path: path.to_path_buf(),
        given: given.to_string(),
        problem: problem.to_string(),
    };
    // SAFETY: loading runs the library's initialisers. The path was chosen by the user or installed from a
    // pinned hash, and its file has been checked to be a whole shared library of this machine.
    let library = unsafe { load_library(path) }.map_err(|source| PluginError::Load {
        path: path.to_path_buf(),
        given: given.to_string(),
        message: source.to_string(),
    })?;
    type GetApi = unsafe extern "C" fn() -> *const ffi::ApiHead;
    // SAFETY: the symbol's type is fixed by the C API under this name.
    let get_api = unsafe { library.get::<GetApi>(b"GetPjrtApi") }
        .map_err(|_| not_a_plugin("it does not export `GetPjrtApi`"))?;
    // SAFETY: the function takes nothing and returns a pointer that lives as long as the library.
    let head = unsafe { get_api() };
    // The library stays for the life of the process: XLA's threads and the table point into it.
    mem::forget(library);
    if head.is_null() || !head.is_aligned() {
        return Err(not_a_plugin("its `GetPjrtApi` returns no function table"));
    }
    // SAFETY: not null, aligned; every version of the table starts with this head.
    let (size, version) = unsafe { ((*head).struct_size, &(*head).version) };
    if version.major != 0 || version.minor < ffi::OLDEST_MINOR || size < mem::size_of::<ffi::ApiTable>() {
        return Err(PluginError::Version {
            path: path.to_path_buf(),
            given: given.to_string(),
            found_major: version.major,
            found_minor: version.minor,
            oldest: ffi::OLDEST_MINOR,
        });
    }
    // SAFETY: the table says that it has this size or more, and nothing writes it after `GetPjrtApi` returns.
    Ok(unsafe { &*head.cast::<ffi::ApiTable>() })
}

/// Opens a library and binds all its symbols, so that a missing one is an error here and not a crash later.
#[cfg(unix)]
unsafe fn load_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: the caller vouches for the library's initialisers.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

/// Opens a library.
#[cfg(not(unix))]
unsafe fn load_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: the caller vouches for the library's initialisers.
    unsafe { libloading::Library::new(path) }
}
