//! The PJRT backend: one client on one device of a plugin; compiles programs and uploads arrays.

use std::{
    borrow::Cow,
    path::Path,
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use pyroxene_ir::{Array, Ty};

use super::{
    api::{Api, call, text},
    donation::Checked,
    environment::has_flags,
    executable::PjrtExecutable,
    ffi::{self, Args},
    llvm,
    memory::PjrtMemory,
    options,
    signature::{check_module, element_number, signed_dims},
};
use crate::{
    backend::{Backend, CompileOptions, Executable, Module, Platform, Stats},
    buffer::Buffer,
    cache::NativeCode,
    error::{DeviceError, Error, PluginError, Result},
    plugin::check_library,
};

/// A client of a plugin and the device it uses, kept alive by everything made from it.
pub(super) struct Client {
    pub(super) api: &'static Api,
    raw: *mut ffi::ClientObject,
    device: *mut ffi::DeviceObject,
    /// Whether device memory is host memory, so that it can be read and lent in place.
    pub(super) shares_host_memory: bool,
    /// Whether programs are told which results may take whose memory.
    donates: bool,
}

// SAFETY: PJRT clients and devices may be used from any thread at the same time (as its C++ interface
// documents); the fields are never written after construction.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Drop for Client {
    fn drop(&mut self) {
        let mut args = ffi::ClientDestroyArgs::new();
        args.client = self.raw;
        // SAFETY: owned here, and everything made from it held an `Arc` of it, so nothing of it is left.
        let _ = unsafe { call!(self.api, client_destroy, &mut args) };
    }
}

impl Client {
    /// Starts a transfer of `bytes` to the device: the buffer, and the event after which `bytes` may change.
    ///
    /// # Safety
    /// `bytes` must hold a value of type `ty` (dimensions `dims`), unchanged as long as `semantics` asks.
    pub(super) unsafe fn transfer(
        self: &Arc<Client>,
        ty: &Ty,
        dims: &[i64],
        bytes: *const u8,
        semantics: i32,
    ) -> Result<(PjrtMemory, *mut ffi::EventObject), DeviceError> {
        let mut args = ffi::ClientBufferFromHostBufferArgs::new();
        args.client = self.raw;
        args.data = bytes.cast();
        args.element_type = element_number(ty.dtype);
        args.dims = dims.as_ptr();
        args.num_dims = dims.len();
        args.host_buffer_semantics = semantics;
        args.device = self.device;
        // SAFETY: client and device are alive; dims outlive the call; the caller vouches for `bytes`.
        unsafe { call!(self.api, client_buffer_from_host_buffer, &mut args)? };
        Ok((PjrtMemory::new(self.clone(), args.buffer), args.done_with_host_buffer))
    }

    /// A device array over host memory, which `deleted(_, owner)` releases when the device is done with it.
    ///
    /// # Safety
    /// `memory` must be valid for a value of type `ty` until `deleted` is called, and unchanged during runs.
    pub(super) unsafe fn view(
        self: &Arc<Client>,
        ty: &Ty,
        memory: *mut u8,
        deleted: unsafe extern "C" fn(*mut std::ffi::c_void, *mut std::ffi::c_void),
        owner: *mut std::ffi::c_void,
    ) -> Result<PjrtMemory, DeviceError> {
        let dims = signed_dims(ty);
        let mut args = ffi::ClientCreateViewOfDeviceBufferArgs::new();
        args.client = self.raw;
        args.device_buffer_ptr = memory.cast();
        args.dims = dims.as_ptr();
        args.num_dims = dims.len();
        args.element_type = element_number(ty.dtype);
        args.device = self.device;
        args.on_delete_callback = Some(deleted);
        args.on_delete_callback_arg = owner;
        // SAFETY: client and device are alive; dims outlive the call; the caller vouches for `memory`; the
        // callback is never null, which plugins abort on.
        unsafe { call!(self.api, client_create_view_of_device_buffer, &mut args)? };
        Ok(PjrtMemory::new(self.clone(), args.buffer))
    }

    fn compile(&self, hlo: &[u8], options: &[u8]) -> Result<*mut ffi::LoadedExecutableObject, DeviceError> {
        const FORMAT: &str = "hlo";
        let mut program = ffi::Program::new();
        // Not written: the program is an input here, and the pointer mutable for other functions' sake.
        program.code = hlo.as_ptr().cast_mut().cast();
        program.code_size = hlo.len();
        program.format = FORMAT.as_ptr().cast();
        program.format_size = FORMAT.len();
        let mut args = ffi::ClientCompileArgs::new();
        args.client = self.raw;
        args.program = &program;
        args.compile_options = options.as_ptr().cast();
        args.compile_options_size = options.len();
        // SAFETY: program and options outlive the call; options always name one replica and one partition,
        // and the entry has layouts (`check_module`): what the plugin would abort on.
        unsafe { call!(self.api, client_compile, &mut args)? };
        Ok(args.executable)
    }

    fn load(&self, code: &NativeCode) -> Result<*mut ffi::LoadedExecutableObject, DeviceError> {
        let mut args = ffi::ExecutableDeserializeAndLoadArgs::new();
        args.client = self.raw;
        args.bytes = code.bytes().as_ptr().cast();
        args.bytes_size = code.bytes().len();
        // SAFETY: the bytes outlive the call. Plugins believe them, so that others would be undefined behaviour: these
        // are what this plugin file wrote for this kind of machine (their key), unchanged (their checksum), in a
        // directory and a file that nobody else could write, which is what `NativeCode` is made of.
        unsafe { call!(self.api, executable_deserialize_and_load, &mut args)? };
        Ok(args.executable)
    }
}

/// A backend on a PJRT plugin.
pub struct PjrtBackend {
    client: Arc<Client>,
    platform: Platform,
    compiles: AtomicU64,
    /// Where the compiler is known to take LLVM's options.
    llvm: Option<Llvm>,
}

/// How a compiler is given LLVM's options.
struct Llvm {
    /// The plugin's debug options where the environment has none.
    defaults: &'static [u8],
    /// What is appended to options, once it is made.
    appended: OnceLock<Vec<u8>>,
}

impl PjrtBackend {
    /// Loads the plugin at `path` and makes a client on its first device. `origin` is why that path, for messages.
    ///
    /// # Errors
    /// When the file is no plugin, is too old, or finds no device.
    pub fn load(path: &Path, origin: &str) -> Result<PjrtBackend, PluginError> {
        check_library(path, origin)?;
        let api = Api::load(path, origin)?;
        let refused =
            |source| PluginError::Client { path: path.to_path_buf(), given: origin.to_string(), source };
        let raw = create_client(api).map_err(refused)?;
        let mut client =
            Client { api, raw, device: ptr::null_mut(), shares_host_memory: false, donates: true };
        let devices = addressable_devices(&client).map_err(refused)?;
        let Some(device) = devices.first() else {
            return Err(PluginError::NoDevice { path: path.to_path_buf(), given: origin.to_string() });
        };
        client.device = *device;
        let (name, version) = name_and_version(&client).map_err(refused)?;
        let kinds = devices.iter().map(|d| device_kind(api, *d)).collect::<Result<_, _>>();
        let platform = Platform {
            name,
            version,
            devices: kinds.map_err(refused)?,
            plugin: Some(path.to_path_buf()),
            origin: origin.to_string(),
            c_api: Some((api.table.head.version.major, api.table.head.version.minor)),
        };
        client.shares_host_memory = platform.is_cpu();
        Ok(PjrtBackend { client: Arc::new(client), platform, compiles: AtomicU64::new(0), llvm: None })
    }
}

impl PjrtBackend {
    /// The same backend, treating device memory as out of the host's reach, as on an accelerator: arguments
    /// and results are copied. For tests of that path on a CPU; to be called before anything is compiled or
    /// uploaded.
    pub fn with_own_memory(mut self) -> PjrtBackend {
        if let Some(client) = Arc::get_mut(&mut self.client) {
            client.shares_host_memory = false;
        }
        self
    }

    /// The same backend, whose results never take an argument's memory, as plugins are free to do. For tests of what launches
    /// do then; to be called before anything is compiled or uploaded.
    pub fn without_donation(mut self) -> PjrtBackend {
        if let Some(client) = Arc::get_mut(&mut self.client) {
            client.donates = false;
        }
        self
    }

    /// The module as this client compiles it, with its bytes checked.
    ///
    /// # Errors
    /// When the bytes disagree with what is declared, or the donated input is none that the result can take the memory of.
    pub(crate) fn checked<'a>(
        &self,
        module: &'a Module<'a>,
        options: &CompileOptions,
    ) -> Result<Checked<'a>> {
        check_module(module)?;
        let mut checked = Checked::new(module, options.donated, self.client.shares_host_memory)?;
        if !self.client.donates {
            checked.hlo = Cow::Borrowed(module.hlo);
        }
        Ok(checked)
    }

    /// The same backend, of a plugin with this SHA-256. Where that is known, LLVM is told to make less code of loops: an
    /// option that a compiler does not know ends the process.
    pub(crate) fn of_library(mut self, sha256: Option<&str>) -> PjrtBackend {
        let defaults = sha256.and_then(llvm::defaults_of);
        self.llvm = defaults.map(|defaults| Llvm { defaults, appended: OnceLock::new() });
        self
    }

    /// What code depends on beside its program, its options and the plugin.
    pub(crate) fn told(&self) -> String {
        self.llvm.as_ref().map_or_else(String::new, |_| llvm::identity())
    }

    /// Compiles a module, with options in the plugin's own form.
    pub(crate) fn compile_encoded(&self, module: &Checked<'_>, options: &[u8]) -> Result<PjrtExecutable> {
        self.compiles.fetch_add(1, Ordering::Relaxed);
        // A compiler that does not say what its own options are keeps them.
        let appended = |llvm: &Llvm| self.llvm_options(llvm).unwrap_or_default();
        let llvm = self.llvm.as_ref().map(|llvm| llvm.appended.get_or_init(|| appended(llvm)));
        self.compile_as(module, &[options, llvm.map_or(&[], Vec::as_slice)].concat())
    }

    /// Options with LLVM's beside the plugin's own debug options, which would not count any more if some were given alone.
    fn llvm_options(&self, llvm: &Llvm) -> Result<Vec<u8>> {
        if !has_flags() {
            return Ok(options::with_debug_options(llvm::beside(llvm.defaults)));
        }
        let smallest = llvm::smallest();
        let smallest = self.checked(&smallest, &CompileOptions::default())?;
        let program = self.compile_as(&smallest, &options::plain())?.optimized_program()?;
        let own = llvm::debug_options(&program).unwrap_or_default();
        Ok(if own.is_empty() { own } else { options::with_debug_options(llvm::beside(&own)) })
    }

    fn compile_as(&self, module: &Checked<'_>, options: &[u8]) -> Result<PjrtExecutable> {
        let raw = self.client.compile(&module.hlo, options).map_err(|e| Error::Compile {
            module: module.declared.name.to_string(),
            code: e.code,
            message: e.message,
        })?;
        PjrtExecutable::new(self.client.clone(), raw, module)
    }

    /// Makes an executable of the native code that a module was compiled to before.
    ///
    /// # Errors
    /// When the plugin does not take the code, or its results are not those the module declares.
    pub(crate) fn load_code(&self, module: &Checked<'_>, code: &NativeCode) -> Result<PjrtExecutable> {
        PjrtExecutable::new(self.client.clone(), self.client.load(code)?, module)
    }
}

impl Backend for PjrtBackend {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn compile(&self, module: &Module<'_>, options: &CompileOptions) -> Result<Arc<dyn Executable>> {
        let module = self.checked(module, options)?;
        Ok(Arc::new(self.compile_encoded(&module, &options::encode(options))?))
    }

    fn upload(&self, array: &Array) -> Result<Buffer> {
        let ty = array.ty();
        let dims = signed_dims(&ty);
        // SAFETY: the array's bytes hold a value of its type and are only needed during the call.
        let (memory, done) = unsafe {
            self.client.transfer(&ty, &dims, array.as_bytes().as_ptr(), ffi::IMMUTABLE_ONLY_DURING_CALL)?
        };
        // SAFETY: the event was just handed over.
        unsafe { self.client.api.finish(done)? };
        memory.wait()?;
        Ok(Buffer::new(ty, Arc::new(memory)))
    }

    fn stats(&self) -> Stats {
        Stats { compiles: self.compiles.load(Ordering::Relaxed), ..Stats::default() }
    }
}

/// A client with one device that executes in the calling thread and takes memory as it is needed, as far as the plugin knows
/// these options: plugins refuse those they do not know. By default those for GPUs take three quarters of the device's memory
/// at once, so that no second process would find any.
fn create_client(api: &'static Api) -> Result<*mut ffi::ClientObject, DeviceError> {
    let one_device = || ffi::NamedValue::integer("cpu_device_count", 1);
    let attempts = [
        vec![one_device(), ffi::NamedValue::boolean("asynchronous", false)],
        vec![one_device()],
        vec![ffi::NamedValue::boolean("preallocate", false)],
        vec![],
    ];
    let mut outcome = Ok(ptr::null_mut());
    for options in attempts {
        let mut args = ffi::ClientCreateArgs::new();
        args.create_options = options.as_ptr();
        args.num_options = options.len();
        // SAFETY: the options outlive the call; absent callbacks are allowed for a single process.
        outcome = unsafe { call!(api, client_create, &mut args) }.map(|()| args.client);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn addressable_devices(client: &Client) -> Result<Vec<*mut ffi::DeviceObject>, DeviceError> {
    let mut args = ffi::ClientAddressableDevicesArgs::new();
    args.client = client.raw;
    // SAFETY: the client is alive; the array belongs to the plugin and lives as long as the client.
    unsafe {
        call!(client.api, client_addressable_devices, &mut args)?;
        if args.devices.is_null() {
            return Ok(Vec::new());
        }
        Ok(std::slice::from_raw_parts(args.devices, args.num_devices).to_vec())
    }
}

fn name_and_version(client: &Client) -> Result<(String, String), DeviceError> {
    let mut name = ffi::ClientPlatformNameArgs::new();
    name.client = client.raw;
    let mut version = ffi::ClientPlatformVersionArgs::new();
    version.client = client.raw;
    // SAFETY: the client is alive; the texts belong to it and are copied.
    unsafe {
        call!(client.api, client_platform_name, &mut name)?;
        call!(client.api, client_platform_version, &mut version)?;
        Ok((text(name.name, name.name_size), text(version.version, version.version_size)))
    }
}

fn device_kind(api: &'static Api, device: *mut ffi::DeviceObject) -> Result<String, DeviceError> {
    let mut description = ffi::DeviceGetDescriptionArgs::new();
    description.device = device;
    let mut kind = ffi::DeviceDescriptionKindArgs::new();
    // SAFETY: device and description live as long as their client; the text is copied.
    unsafe {
        call!(api, device_get_description, &mut description)?;
        kind.description = description.description;
        call!(api, device_description_kind, &mut kind)?;
        Ok(text(kind.kind, kind.kind_size))
    }
}
