//! A compiled program of a plugin: checks its declared results once and its arguments before every run.

use std::{ptr, slice, sync::Arc};

use pyroxene_ir::Ty;

use super::{
    api::call,
    client::Client,
    donation::Checked,
    ffi::{self, Args},
    launch::PjrtLaunch,
    memory::{PjrtMemory, destroy, wait},
    signature::{element_number, signed_dims},
};
use crate::{
    backend::{Executable, Input, Launch, check_arguments, check_fixed},
    buffer::Buffer,
    error::{DeviceError, Error, Result},
};

/// A compiled program on its device.
pub(crate) struct PjrtExecutable {
    pub(super) client: Arc<Client>,
    raw: *mut ffi::LoadedExecutableObject,
    name: String,
    inputs: Vec<Input>,
    outputs: Vec<Ty>,
    /// The input whose memory the only result may take.
    pub(super) donated: Option<usize>,
}

// SAFETY: PJRT executables may be run from any thread at the same time; nothing here is written later.
unsafe impl Send for PjrtExecutable {}
// SAFETY: as above.
unsafe impl Sync for PjrtExecutable {}

impl Drop for PjrtExecutable {
    fn drop(&mut self) {
        let mut args = ffi::LoadedExecutableDestroyArgs::new();
        args.executable = self.raw;
        // SAFETY: owned here; runs hold a reference to `self` until they have finished, so none is under way.
        let _ = unsafe { call!(self.client.api, loaded_executable_destroy, &mut args) };
    }
}

impl PjrtExecutable {
    /// Takes over `raw`, compiled by `client` from `module`.
    ///
    /// # Errors
    /// When its results are not those the module declares: output memory would be misread.
    pub(super) fn new(
        client: Arc<Client>,
        raw: *mut ffi::LoadedExecutableObject,
        module: &Checked<'_>,
    ) -> Result<PjrtExecutable> {
        let executable = PjrtExecutable {
            client,
            raw,
            name: module.declared.name.to_string(),
            inputs: module.declared.inputs.clone(),
            outputs: module.declared.outputs.clone(),
            donated: module.donated,
        };
        executable.check_outputs()?;
        Ok(executable)
    }

    fn check_outputs(&self) -> Result<()> {
        let found = self.compiled_outputs()?;
        let expected: Vec<_> =
            self.outputs.iter().map(|ty| (element_number(ty.dtype), signed_dims(ty))).collect();
        if found == expected {
            return Ok(());
        }
        let problem = format!("{expected:?} (element type, dimensions) are declared, XLA returns {found:?}");
        Err(Error::Module { module: self.name.clone(), problem })
    }

    /// Element types and dimensions of the results as XLA compiled them.
    fn compiled_outputs(&self) -> Result<Vec<(i32, Vec<i64>)>, DeviceError> {
        let api = self.client.api;
        self.with_code(|executable| {
            let mut types = ffi::ExecutableOutputElementTypesArgs::new();
            types.executable = executable;
            let mut dims = ffi::ExecutableOutputDimensionsArgs::new();
            dims.executable = executable;
            let mut count = ffi::ExecutableNumOutputsArgs::new();
            count.executable = executable;
            // SAFETY: the executable is alive; the plugin fills `num_outputs` types and sizes, and their sum of dims,
            // which are copied here.
            unsafe {
                call!(api, executable_num_outputs, &mut count)?;
                call!(api, executable_output_element_types, &mut types)?;
                call!(api, executable_output_dimensions, &mut dims)?;
                let n = count.num_outputs.min(types.num_output_types).min(dims.num_outputs);
                let sizes = words(dims.dim_sizes, n);
                let mut rest = words(dims.dims, sizes.iter().sum());
                let shapes = sizes.iter().map(|size| {
                    let (head, tail) = rest.split_at(*size);
                    rest = tail;
                    head.to_vec()
                });
                Ok(words(types.output_types, n).iter().copied().zip(shapes).collect())
            }
        })
    }

    /// The program's native code, from which this plugin can load it again on this kind of machine.
    pub(crate) fn serialize(&self) -> Result<Vec<u8>, DeviceError> {
        let api = self.client.api;
        self.with_code(|executable| {
            let mut args = ffi::ExecutableSerializeArgs::new();
            args.executable = executable;
            // SAFETY: the executable is alive.
            unsafe { call!(api, executable_serialize, &mut args)? };
            // SAFETY: the bytes live until their owner is deleted, below, and are copied before.
            let bytes = unsafe { words(args.bytes.cast::<u8>(), args.bytes_size) }.to_vec();
            if let Some(delete) = args.deleter {
                // SAFETY: handed over by the call above, deleted once.
                unsafe { delete(args.serialized) };
            }
            Ok(bytes)
        })
    }

    /// The program as XLA made it of what it was given, with all options: a serialized `HloModuleProtoWithConfig`.
    pub(super) fn optimized_program(&self) -> Result<Vec<u8>, DeviceError> {
        let api = self.client.api;
        self.with_code(|executable| {
            let mut program = ffi::Program::new();
            let mut args = ffi::ExecutableOptimizedProgramArgs::new();
            args.executable = executable;
            args.program = &mut program;
            // SAFETY: the executable is alive; without room for it only the program's size is told.
            unsafe { call!(api, executable_optimized_program, &mut args)? };
            let mut code = vec![0; program.code_size];
            program.code = code.as_mut_ptr().cast();
            args.program = &mut program;
            // SAFETY: as above, and `code` has the size that was told.
            unsafe { call!(api, executable_optimized_program, &mut args)? };
            Ok(code)
        })
    }

    /// What `read` makes of the code apart from its devices, which it must not keep.
    fn with_code<T>(
        &self,
        read: impl FnOnce(*mut ffi::ExecutableObject) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let api = self.client.api;
        let mut get = ffi::LoadedExecutableGetExecutableArgs::new();
        get.loaded = self.raw;
        // SAFETY: the executable is alive; the one got is destroyed below.
        unsafe { call!(api, loaded_executable_get_executable, &mut get)? };
        let outcome = read(get.executable);
        let mut free = ffi::ExecutableDestroyArgs::new();
        free.executable = get.executable;
        // SAFETY: got above, not used again.
        unsafe { call!(api, executable_destroy, &mut free)? };
        outcome
    }

    /// The argument's buffer, if it is one of this executable's client.
    pub(super) fn own<'a>(&self, index: usize, buffer: &'a Buffer) -> Result<&'a PjrtMemory> {
        buffer
            .memory::<PjrtMemory>()
            .filter(|memory| memory.belongs_to(&self.client))
            .ok_or_else(|| Error::ForeignBuffer { module: self.name.clone(), index })
    }

    /// Runs and waits. On success `outputs` holds new buffers, owned by the caller; on failure nulls. If `donates`, the donated
    /// input's argument may be used up, whatever the outcome; otherwise all arguments stay as they are.
    ///
    /// # Safety
    /// `args` must be live buffers of this client, one an input, of the inputs' types, whose memory does not
    /// change during the call; `outputs` must have one place an output. If `donates`, nobody else may use the donated
    /// input's argument, and nothing but its destruction may follow.
    pub(super) unsafe fn execute(
        &self,
        args: &[*mut ffi::BufferObject],
        outputs: &mut [*mut ffi::BufferObject],
        donates: bool,
    ) -> Result<(), DeviceError> {
        let api = self.client.api;
        let mut complete = ptr::null_mut();
        // Where there is one result, everything is done when that is ready: an event less.
        let waits_for_result = outputs.len() == 1;
        let end = (!waits_for_result).then_some(&mut complete);
        // SAFETY: by the contract above. The event, or the only result, for which all that the program reads is read, is
        // awaited before returning, so that no execution reads the arguments afterwards.
        let outcome = unsafe {
            self.begin(args, outputs, donates, end).and_then(|()| match outputs {
                [result] if waits_for_result => wait(api, *result),
                _ => api.finish(complete),
            })
        };
        if outcome.is_err() {
            for output in outputs {
                // SAFETY: null or handed over by the failed run; forgotten at once.
                unsafe { destroy(&self.client, *output) };
                *output = ptr::null_mut();
            }
        }
        outcome
    }

    /// Begins a run: on success `outputs` holds new buffers, owned by the caller, whose values come or fail later; `end` gets
    /// the event after which they are there.
    ///
    /// # Safety
    /// As [`PjrtExecutable::execute`], until the outputs' values are there.
    pub(super) unsafe fn begin(
        &self,
        args: &[*mut ffi::BufferObject],
        outputs: &mut [*mut ffi::BufferObject],
        donates: bool,
        end: Option<&mut *mut ffi::EventObject>,
    ) -> Result<(), DeviceError> {
        let (argument_list, output_list) = (args.as_ptr(), outputs.as_mut_ptr());
        let mut options = ffi::ExecuteOptions::new();
        let kept = self.donated.filter(|_| !donates).map(|index| index as i64);
        if let Some(index) = &kept {
            options.non_donatable_input_indices = index;
            options.num_non_donatable_input_indices = 1;
        }
        let mut execute = ffi::LoadedExecutableExecuteArgs::new();
        execute.executable = self.raw;
        execute.options = &mut options;
        execute.argument_lists = &argument_list;
        execute.num_devices = 1;
        execute.num_args = args.len();
        execute.output_lists = &output_list;
        if let Some(end) = end {
            execute.device_complete_events = end;
        }
        // SAFETY: all lists have the lengths given and outlive the call.
        unsafe { call!(self.client.api, loaded_executable_execute, &mut execute) }
    }
}

/// An array that the plugin owns; null stands for an empty one.
///
/// # Safety
/// `start` must be null or point to `len` values that stay unchanged for `'a`.
unsafe fn words<'a, T>(start: *const T, len: usize) -> &'a [T] {
    if start.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: by the contract above.
    unsafe { slice::from_raw_parts(start, len) }
}

impl Executable for PjrtExecutable {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    fn outputs(&self) -> &[Ty] {
        &self.outputs
    }

    fn run(&self, args: &[&Buffer]) -> Result<Vec<Buffer>> {
        check_arguments(self, args)?;
        let raw = args
            .iter()
            .enumerate()
            .map(|(index, arg)| Ok(self.own(index, arg)?.raw()))
            .collect::<Result<Vec<_>>>()?;
        let mut outputs = vec![ptr::null_mut(); self.outputs.len()];
        // SAFETY: arguments have been checked against the inputs, are borrowed for the call and never change.
        unsafe { self.execute(&raw, &mut outputs, false)? };
        let buffers = outputs.into_iter().zip(&self.outputs);
        Ok(buffers
            .map(|(raw, ty)| Buffer::new(ty.clone(), Arc::new(PjrtMemory::new(self.client.clone(), raw))))
            .collect())
    }

    fn launch(self: Arc<Self>, fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>> {
        check_fixed(&*self, &fixed)?;
        Ok(Box::new(PjrtLaunch::new(self, fixed)?))
    }
}
