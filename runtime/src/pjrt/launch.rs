//! The low-latency run: arguments lent in place, results read in place, nothing allocated by a run.

use std::{
    alloc::{self, Layout},
    ffi::c_void,
    mem,
    ptr::{self, NonNull},
    slice,
    sync::Arc,
};

use pyroxene_ir::Ty;

use super::{
    client::Client,
    donation::Cycle,
    executable::PjrtExecutable,
    ffi,
    memory::{PjrtMemory, begin_copy_to_host, destroy, host_pointer},
    signature::signed_dims,
    transfers::Transfers,
};
use crate::{
    backend::{Executable, Launch},
    buffer::Buffer,
    error::{Error, Result},
};

/// The alignment below which XLA's CPU client copies instead of sharing.
const ALIGN: usize = 64;

/// Aligned host memory, zero at first. All access goes through the one pointer it was allocated with.
struct HostMemory {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: plain memory; who may write and who may read is settled by its users.
unsafe impl Send for HostMemory {}
// SAFETY: as above.
unsafe impl Sync for HostMemory {}

impl HostMemory {
    fn new(ty: &Ty) -> Result<HostMemory> {
        let fail = || Error::OutOfMemory { ty: ty.clone() };
        let layout = Layout::from_size_align(ty.bytes().max(ALIGN), ALIGN).map_err(|_| fail())?;
        // SAFETY: the layout's size is not zero.
        let start = NonNull::new(unsafe { alloc::alloc_zeroed(layout) }).ok_or_else(fail)?;
        Ok(HostMemory { start, layout })
    }
}

impl Drop for HostMemory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and this is its only owner.
        unsafe { alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// Gives up the device's share in a slot's memory, when it has freed the view of it.
unsafe extern "C" fn release(_memory: *mut c_void, owner: *mut c_void) {
    // SAFETY: `owner` is the `Arc` that was turned into a pointer for exactly this call.
    drop(unsafe { Arc::from_raw(owner.cast::<HostMemory>()) });
}

/// Where one argument of the program comes from.
enum Argument {
    /// A buffer of the caller's, kept alive.
    Fixed(#[allow(dead_code, reason = "held so that the device array stays")] Buffer),
    /// Host memory that the device reads in place, through a view made once.
    View {
        memory: Arc<HostMemory>,
        #[allow(dead_code, reason = "held so that the view stays")]
        view: PjrtMemory,
    },
    /// Host memory that is copied to the device before each run.
    Copied { memory: HostMemory, dims: Vec<i64>, current: Option<PjrtMemory> },
}

/// Where the bytes of one output are after a run.
enum Output {
    /// In the device array itself, which is host memory.
    InPlace(*const u8),
    /// In host memory, copied there by the run.
    Copied(HostMemory),
}

/// An executable with its arguments laid out.
pub(super) struct PjrtLaunch {
    executable: Arc<PjrtExecutable>,
    arguments: Vec<Argument>,
    outputs: Vec<Output>,
    raw_arguments: Vec<*mut ffi::BufferObject>,
    /// The results of the last run, or nulls.
    raw_outputs: Vec<*mut ffi::BufferObject>,
    /// The donated argument, which is the last result too; `raw_outputs` is null then.
    cycle: Option<Cycle>,
    ready: bool,
}

// SAFETY: the raw pointers are to buffers of a client that allows any thread, owned or kept alive by `self`.
unsafe impl Send for PjrtLaunch {}

impl PjrtLaunch {
    /// Lays out the arguments of `executable`; `fixed` has been checked against its inputs.
    pub(super) fn new(executable: Arc<PjrtExecutable>, fixed: Vec<Option<Buffer>>) -> Result<PjrtLaunch> {
        let client = executable.client.clone();
        let mut raw_arguments = Vec::with_capacity(fixed.len());
        let mut arguments = Vec::with_capacity(fixed.len());
        for (index, (buffer, input)) in fixed.into_iter().zip(executable.inputs()).enumerate() {
            let argument = match buffer {
                Some(buffer) => {
                    raw_arguments.push(executable.own(index, &buffer)?.raw());
                    Argument::Fixed(buffer)
                }
                None if client.shares_host_memory => {
                    let (memory, view) = lend(&client, &input.ty)?;
                    raw_arguments.push(view.raw());
                    Argument::View { memory, view }
                }
                None => {
                    raw_arguments.push(ptr::null_mut());
                    Argument::Copied {
                        memory: HostMemory::new(&input.ty)?,
                        dims: signed_dims(&input.ty),
                        current: None,
                    }
                }
            };
            arguments.push(argument);
        }
        let outputs = executable.outputs().iter().map(|ty| {
            Ok(if client.shares_host_memory {
                Output::InPlace(ptr::null())
            } else {
                Output::Copied(HostMemory::new(ty)?)
            })
        });
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        let raw_outputs = vec![ptr::null_mut(); outputs.len()];
        let cycle = cycle(&executable, &arguments)?;
        Ok(PjrtLaunch { executable, arguments, outputs, raw_arguments, raw_outputs, cycle, ready: false })
    }

    /// Runs with the donated slot's copy as argument, which comes back as the result. Where it does not, because the plugin
    /// gives results memory of their own or has failed, that slot is lent in place from then on.
    fn run_donating(&mut self, mut cycle: Cycle) -> Result<()> {
        let index = cycle.index;
        // SAFETY: slot and argument are of the input's type. `self` is mutably borrowed: no run is under way, and neither
        // the slot nor the last result, which lies in the argument, is lent to anybody.
        unsafe { cycle.fill(self.slot_memory(index)?.as_ptr()) };
        let args = &mut self.raw_arguments;
        let kept = mem::replace(&mut args[index], cycle.raw());
        // SAFETY: the arguments have the inputs' types, live in `self` and `cycle`, and change only through `&mut self`,
        // which is held here until the run has finished. The donated one is `cycle`'s alone, which is dropped or takes the
        // result in its place.
        let outcome = unsafe { self.executable.execute(args, &mut self.raw_outputs, true) };
        args[index] = kept;
        outcome?;
        // SAFETY: the buffer is the result of a finished run.
        let start = unsafe { host_pointer(&self.executable.client, self.raw_outputs[0])? };
        self.outputs[0] = Output::InPlace(start);
        self.ready = true;
        if cycle.is_at(start) {
            cycle.turn(mem::replace(&mut self.raw_outputs[0], ptr::null_mut()));
            self.cycle = Some(cycle);
        }
        Ok(())
    }

    /// The memory of a slot.
    fn slot_memory(&self, index: usize) -> Result<NonNull<u8>> {
        match self.arguments.get(index) {
            Some(Argument::View { memory, .. }) => Ok(memory.start),
            Some(Argument::Copied { memory, .. }) => Ok(memory.start),
            Some(Argument::Fixed(_)) => {
                Err(self.access("input", index, "was fixed when the launch was made"))
            }
            None => Err(self.access("input", index, "does not exist")),
        }
    }

    /// Frees the results of the last run.
    fn clear(&mut self) {
        self.ready = false;
        for raw in &mut self.raw_outputs {
            // SAFETY: null or a result owned here; forgotten at once. `ready` is false, so nothing reads it.
            unsafe { destroy(&self.executable.client, *raw) };
            *raw = ptr::null_mut();
        }
    }

    /// Begins to send the slots that the device cannot read in place.
    ///
    /// # Safety
    /// `self` must stay mutably borrowed until `transfers` have ended.
    unsafe fn send(&mut self, transfers: &mut Transfers) -> Result<()> {
        let client = &self.executable.client;
        let inputs = self.executable.inputs();
        for ((argument, raw), input) in self.arguments.iter_mut().zip(&mut self.raw_arguments).zip(inputs) {
            let Argument::Copied { memory, dims, current } = argument else { continue };
            // SAFETY: the memory holds a value of the input's type; only `slot` writes it, which takes `self`.
            let sent = unsafe {
                let start = memory.start.as_ptr();
                let (sent, done) =
                    client.transfer(&input.ty, dims, start, ffi::IMMUTABLE_UNTIL_TRANSFER_COMPLETES)?;
                transfers.add(done);
                sent
            };
            *raw = sent.raw();
            *current = Some(sent);
        }
        Ok(())
    }

    /// Makes the results of a run readable, once `transfers` have ended.
    ///
    /// # Safety
    /// `self` must stay mutably borrowed until then.
    unsafe fn receive(&mut self, transfers: &mut Transfers) -> Result<()> {
        let client = &self.executable.client;
        let types = self.executable.outputs();
        for ((output, raw), ty) in self.outputs.iter_mut().zip(&self.raw_outputs).zip(types) {
            // SAFETY: the buffer is the result of a run, of this type, checked when compiled; where it is read in place, the
            // run is over. Only `output` reads the memory, which waits for `ready`.
            unsafe {
                match output {
                    Output::InPlace(start) => *start = host_pointer(client, *raw)?,
                    Output::Copied(memory) if !ty.is_empty() => {
                        transfers.add(begin_copy_to_host(client, *raw, memory.start.as_ptr(), ty.bytes())?);
                    }
                    Output::Copied(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Whether all that a run does is over when its results have been copied: there are some, each of which is.
    fn are_copied(&self) -> bool {
        let is_copied = |(output, ty): (&Output, &Ty)| matches!(output, Output::Copied(_)) && !ty.is_empty();
        let mut outputs = self.outputs.iter().zip(self.executable.outputs());
        !self.outputs.is_empty() && outputs.all(is_copied)
    }

    fn access(&self, what: &'static str, index: usize, problem: &str) -> Error {
        Error::Access {
            module: self.executable.name().to_string(),
            what,
            index,
            problem: problem.to_string(),
        }
    }
}

/// What goes round in the runs of a launch: the donated argument, where it is a slot and the program has one.
fn cycle(executable: &PjrtExecutable, arguments: &[Argument]) -> Result<Option<Cycle>> {
    let Some(index) = executable.donated else { return Ok(None) };
    let Some(Argument::View { memory, .. }) = arguments.get(index) else { return Ok(None) };
    // SAFETY: a view is over a value of the input's type, and only of clients that share the host's memory.
    unsafe { Cycle::new(&executable.client, index, &executable.inputs()[index].ty, memory.start.as_ptr()) }
}

/// Host memory for a value of type `ty`, and a device array over it.
///
/// The device reads it only during executions that [`PjrtLaunch::run`] starts and awaits while it has `self`
/// mutably borrowed, so a write through [`Launch::slot`] never meets a read. XLA never writes it: programs
/// whose results may overwrite arguments are refused at compilation, but for a donated input, of which runs say that they
/// keep this array; and without that XLA copies an argument that it returns.
fn lend(client: &Arc<Client>, ty: &Ty) -> Result<(Arc<HostMemory>, PjrtMemory)> {
    let memory = Arc::new(HostMemory::new(ty)?);
    let start = memory.start.as_ptr();
    let owner = Arc::into_raw(memory.clone());
    // SAFETY: the device holds a share of the memory until it calls `release`; for reads and writes see above.
    let view = unsafe { client.view(ty, start, release, owner.cast_mut().cast()) };
    match view {
        Ok(view) => Ok((memory, view)),
        Err(e) => {
            // Whether a failed call has called `release` is not documented: leaking the share is safe,
            // freeing twice is not.
            Err(e.into())
        }
    }
}

impl Drop for PjrtLaunch {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Launch for PjrtLaunch {
    fn executable(&self) -> &dyn Executable {
        &*self.executable
    }

    fn slot(&mut self, index: usize) -> Result<&mut [u8]> {
        let start = self.slot_memory(index)?;
        let bytes = self.executable.inputs()[index].ty.bytes();
        // SAFETY: the memory has room for the input's type and is initialised; `self` is mutably borrowed, so
        // that nothing runs, and nothing else refers to it, while the slice lives.
        Ok(unsafe { slice::from_raw_parts_mut(start.as_ptr(), bytes) })
    }

    fn run(&mut self) -> Result<()> {
        self.clear();
        if let Some(cycle) = self.cycle.take() {
            return self.run_donating(cycle);
        }
        let mut transfers = Transfers::new(self.executable.client.api);
        // SAFETY: the arguments have the inputs' types, live in `self`, and change only through `&mut self`,
        // which is held here until the run and all transfers have finished: at the latest when `transfers` is dropped.
        unsafe {
            self.send(&mut transfers)?;
            if self.are_copied() {
                // The copies of the results wait for them.
                self.executable.begin(&self.raw_arguments, &mut self.raw_outputs, false, None)?;
            } else {
                self.executable.execute(&self.raw_arguments, &mut self.raw_outputs, false)?;
            }
            self.receive(&mut transfers)?;
        }
        transfers.finish()?;
        self.ready = true;
        Ok(())
    }

    fn output(&self, index: usize) -> Result<&[u8]> {
        let Some(ty) = self.executable.outputs().get(index) else {
            return Err(self.access("output", index, "does not exist"));
        };
        if !self.ready {
            return Err(self.access(
                "output",
                index,
                "is not there: no run has finished since the last failure",
            ));
        }
        let start = match &self.outputs[index] {
            Output::InPlace(start) => *start,
            Output::Copied(memory) => memory.start.as_ptr().cast_const(),
        };
        if ty.is_empty() {
            return Ok(&[]);
        }
        if start.is_null() {
            return Err(self.access(
                "output",
                index,
                "has no memory: a fault of the plugin, please report it",
            ));
        }
        // SAFETY: the result of the last run, of this type (checked at compilation), alive until the next
        // `&mut self`.
        Ok(unsafe { slice::from_raw_parts(start, ty.bytes()) })
    }
}
