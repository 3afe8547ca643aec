//! The backend on the crate `xla`: one client, of XLA's own for the CPU or of a PJRT plugin.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use pyroxene_ir::Array;
use pyroxene_runtime::{
    Backend, Buffer, Cached, Code, CompileOptions, Error, Executable, Module, OptLevel, Platform,
    PluginError, Result, Stats, check_module, keep_nan,
    options::{Environment, Options},
    plugin::{self, check_library},
    quieten, register_backend,
};
use xla::{HloModuleProto, PjRtClient, PluginOption, TfLogLevel, XlaComputation};

use crate::{
    convert::{UNKNOWN, failed, message},
    executable::XlaExecutable,
    memory::{Client, XlaMemory},
    nan,
};

/// The version of the crate `xla`.
pub const VERSION: &str = "0.5.4";

/// The name under which [`register`] makes this backend available.
const NAME: &str = "xla-rs";

/// A backend on the crate `xla`.
pub struct XlaBackend {
    client: Arc<Client>,
    platform: Platform,
    compiles: AtomicU64,
}

impl XlaBackend {
    /// The CPU client of the library that the crate is linked to.
    ///
    /// # Errors
    /// When XLA makes no client, or loses NaN because it was in use before [`register`] was called.
    pub fn cpu() -> Result<XlaBackend> {
        prepare();
        let client = PjRtClient::cpu().map_err(failed("PjRtClient::cpu"))?;
        nan::check(&client)?;
        let library = option_env!("XLA_LIBRARY_VERSION").filter(|version| !version.is_empty());
        let library = library.unwrap_or("the library in XLA_EXTENSION_DIR");
        Ok(XlaBackend::new(client, None, format!("the crate xla {VERSION} with the XLA of {library}")))
    }

    /// A client of the PJRT plugin at `path`, made through the crate. `origin` is why that path, for messages.
    ///
    /// # Errors
    /// When the file is no plugin or makes no client, or when the plugin loses NaN because it was in use before
    /// [`register`] was called.
    pub fn plugin(path: &Path, origin: &str) -> Result<XlaBackend> {
        check_library(path, origin)?;
        prepare();
        // XLA keeps plugins by device type, case aside, and would take the first one's library for a second path.
        let device_type = path.display().to_string();
        let one_device = ("cpu_device_count", PluginOption::Int(1));
        let here = ("asynchronous", PluginOption::Bool(false));
        // As far as the plugin knows these options: one device, and runs in the calling thread.
        let client = PjRtClient::plugin_with_options(&device_type, path, &[one_device.clone(), here])
            .or_else(|_| PjRtClient::plugin_with_options(&device_type, path, &[one_device]))
            .or_else(|_| PjRtClient::plugin(&device_type, path));
        let no_client =
            |source| PluginError::Client { path: path.to_path_buf(), given: origin.to_string(), source };
        let client = client.map_err(failed("PjRtClient::plugin")).map_err(no_client)?;
        let origin = format!("{origin}, through the crate xla {VERSION}");
        if client.addressable_device_count() == 0 {
            return Err(PluginError::NoDevice { path: path.to_path_buf(), given: origin }.into());
        }
        nan::check(&client).map_err(no_client)?;
        Ok(XlaBackend::new(client, Some(path), origin))
    }

    fn new(client: PjRtClient, plugin: Option<&Path>, origin: String) -> XlaBackend {
        let platform = Platform {
            name: client.platform_name(),
            // That of a plugin has a line of its own for the API's name.
            version: client.platform_version().replace('\n', ", "),
            devices: client.addressable_devices().iter().map(|device| device.kind()).collect(),
            plugin: plugin.map(Path::to_path_buf),
            origin,
            c_api: None,
        };
        let client = Client { dense: platform.name == "cpu", client };
        XlaBackend { client: Arc::new(client), platform, compiles: AtomicU64::new(0) }
    }
}

impl Backend for XlaBackend {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn compile(&self, module: &Module<'_>, options: &CompileOptions) -> Result<Arc<dyn Executable>> {
        check_module(module)?;
        check_options(module, options)?;
        self.compiles.fetch_add(1, Ordering::Relaxed);
        let loaded = HloModuleProto::parse_proto(module.hlo, true)
            .and_then(|proto| self.client.client.compile(&XlaComputation::from_proto(&proto)))
            .map_err(|error| Error::Compile {
                module: module.name.to_string(),
                code: UNKNOWN,
                message: message(error),
            })?;
        Ok(Arc::new(XlaExecutable::new(self.client.clone(), loaded, module)))
    }

    fn upload(&self, array: &Array) -> Result<Buffer> {
        let ty = array.ty();
        let buffer = self.client.send(&ty, array.as_bytes())?;
        let memory = XlaMemory { client: self.client.clone(), buffer, dtype: ty.dtype };
        Ok(Buffer::new(ty, Arc::new(memory)))
    }

    fn stats(&self) -> Stats {
        Stats { compiles: self.compiles.load(Ordering::Relaxed), ..Stats::default() }
    }
}

/// Sets for the process what the other backend sets for each program or before it loads a plugin; this one has no finer
/// way.
fn prepare() {
    keep_nan();
    quieten();
    // The linked library was loaded before a variable could be set.
    let environment = Environment::of_process();
    xla::set_min_log_level(match environment.get("TF_CPP_MIN_LOG_LEVEL").and_then(|level| level.to_str()) {
        Some("0") => TfLogLevel::Info,
        Some("1") => TfLogLevel::Warning,
        Some("3") => TfLogLevel::Fatal,
        _ => TfLogLevel::Error,
    });
}

/// Refuses options that the crate has no way to pass on: dropping them would change what a program computes.
fn check_options(module: &Module<'_>, options: &CompileOptions) -> Result<()> {
    let level = options.opt_level.number();
    let message = match options.flags.keys().next() {
        Some(flag) => format!(
            "the crate xla takes no debug options for one program, found {flag}; set them for the process in \
             XLA_FLAGS, or use the backend pjrt"
        ),
        None if options.opt_level != OptLevel::O3 => format!(
            "the crate xla compiles at XLA's own level, expected 3, found {level}; set \
             XLA_FLAGS=--xla_backend_optimization_level={level}, or use the backend pjrt"
        ),
        None => return Ok(()),
    };
    Err(Error::Compile { module: module.name.to_string(), code: Code::Unimplemented, message })
}

/// Opens this backend as [`pyroxene_runtime::open`] does its own: on the plugin that `options` name for `platform`, on
/// XLA's own CPU client if they name none, and for another platform on the plugin found for it.
///
/// # Errors
/// When the client cannot be made, or no plugin can be found.
pub fn open(platform: &str, options: &Options, notice: &mut dyn FnMut(&str)) -> Result<Arc<dyn Backend>> {
    let named = options.plugin.is_some() || options.named_plugins.iter().any(|(name, _)| name == platform);
    if platform == "cpu" && !named {
        return Ok(Arc::new(Cached::new(XlaBackend::cpu()?)));
    }
    let found = plugin::find(platform, options, notice)?;
    Ok(Arc::new(Cached::new(XlaBackend::plugin(&found.path, &found.origin)?)))
}

/// Makes this backend available as `xla-rs`: to PYROXENE_BACKEND, and to [`pyroxene_runtime::open`].
///
/// To be called first in `main`: it sets `XLA_FLAGS` and `TF_CPP_MIN_LOG_LEVEL` for the process, as far as the user has
/// not, which XLA reads when it is first used and C code may read in any thread.
pub fn register() {
    prepare();
    register_backend(NAME, open);
}
