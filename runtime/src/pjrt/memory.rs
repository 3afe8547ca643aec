//! One device array of a plugin, freed with its handle, and its way back to host memory.

use std::{mem, ptr, sync::Arc};

use super::{
    api::{Api, call},
    client::Client,
    ffi::{self, Args},
};
use crate::{
    buffer::DeviceMemory,
    error::{DeviceError, Result},
};

/// A device array, owned.
pub(super) struct PjrtMemory {
    client: Arc<Client>,
    raw: *mut ffi::BufferObject,
}

// SAFETY: PJRT buffers may be used from any thread at the same time; a donated one is its holder's alone, and is freed next.
unsafe impl Send for PjrtMemory {}
// SAFETY: as above.
unsafe impl Sync for PjrtMemory {}

impl PjrtMemory {
    /// Takes over `raw`, a buffer of `client`.
    pub(super) fn new(client: Arc<Client>, raw: *mut ffi::BufferObject) -> PjrtMemory {
        PjrtMemory { client, raw }
    }

    /// The buffer, to be passed to the plugin while `self` lives.
    pub(super) fn raw(&self) -> *mut ffi::BufferObject {
        self.raw
    }

    /// Takes over `raw`, a buffer of the same client, in place of the one before, which is freed.
    pub(super) fn replace(&mut self, raw: *mut ffi::BufferObject) {
        // SAFETY: owned here and not used again.
        unsafe { destroy(&self.client, mem::replace(&mut self.raw, raw)) };
    }

    /// Waits until the value is there, which reading in place relies on.
    pub(super) fn wait(&self) -> Result<(), DeviceError> {
        // SAFETY: the buffer is alive.
        unsafe { wait(self.client.api, self.raw) }
    }

    /// Whether the buffer belongs to `client`.
    pub(super) fn belongs_to(&self, client: &Arc<Client>) -> bool {
        Arc::ptr_eq(&self.client, client)
    }
}

impl Drop for PjrtMemory {
    fn drop(&mut self) {
        // SAFETY: owned here and not used again.
        unsafe { destroy(&self.client, self.raw) };
    }
}

/// Waits until a buffer's value is there.
///
/// # Safety
/// `raw` must be a live buffer of the plugin.
pub(super) unsafe fn wait(api: &Api, raw: *mut ffi::BufferObject) -> Result<(), DeviceError> {
    let mut args = ffi::BufferReadyEventArgs::new();
    args.buffer = raw;
    // SAFETY: the buffer is alive, as the caller vouches; the event is handed over and finished at once.
    unsafe {
        call!(api, buffer_ready_event, &mut args)?;
        api.finish(args.event)
    }
}

/// Frees a buffer; null is none.
///
/// # Safety
/// `raw` must be null or a buffer of `client` that the caller owns and does not use again.
pub(super) unsafe fn destroy(client: &Client, raw: *mut ffi::BufferObject) {
    if raw.is_null() {
        return;
    }
    let mut args = ffi::BufferDestroyArgs::new();
    args.buffer = raw;
    // SAFETY: by the contract above. Nothing can be done about a failure, and nothing depends on it.
    let _ = unsafe { call!(client.api, buffer_destroy, &mut args) };
}

/// Where a buffer's bytes are, when device memory is host memory.
///
/// # Safety
/// `raw` must be a live buffer of `client`, which shares host memory; its value must be ready.
pub(super) unsafe fn host_pointer(
    client: &Client,
    raw: *mut ffi::BufferObject,
) -> Result<*const u8, DeviceError> {
    let mut args = ffi::BufferUnsafePointerArgs::new();
    args.buffer = raw;
    // SAFETY: by the contract above.
    unsafe { call!(client.api, buffer_unsafe_pointer, &mut args)? };
    Ok(ptr::with_exposed_provenance(args.pointer))
}

/// Copies a buffer's value to `out` and waits for it.
///
/// # Safety
/// `raw` must be a live buffer of `client`, dense and row-major with exactly `out.len()` bytes; if the client
/// shares host memory, the value must be ready.
pub(super) unsafe fn copy_to_host(
    client: &Client,
    raw: *mut ffi::BufferObject,
    out: &mut [u8],
) -> Result<(), DeviceError> {
    if out.is_empty() {
        return Ok(());
    }
    if client.shares_host_memory {
        // SAFETY: the buffer holds `out.len()` bytes, ready, at this place, and nothing writes them.
        unsafe { ptr::copy_nonoverlapping(host_pointer(client, raw)?, out.as_mut_ptr(), out.len()) };
        return Ok(());
    }
    // SAFETY: `out` stays borrowed until the event has been awaited.
    unsafe {
        let end = begin_copy_to_host(client, raw, out.as_mut_ptr(), out.len())?;
        client.api.finish(end)
    }
}

/// Begins to copy a buffer's value to `bytes` bytes from `to` on; the event at its end is the caller's.
///
/// # Safety
/// `raw` must be a live buffer of `client`, dense and row-major with exactly so many bytes, and the memory the device's alone
/// until the event.
pub(super) unsafe fn begin_copy_to_host(
    client: &Client,
    raw: *mut ffi::BufferObject,
    to: *mut u8,
    bytes: usize,
) -> Result<*mut ffi::EventObject, DeviceError> {
    let mut args = ffi::BufferToHostBufferArgs::new();
    args.src = raw;
    args.dst = to.cast();
    args.dst_size = bytes;
    // SAFETY: by the contract above.
    unsafe { call!(client.api, buffer_to_host_buffer, &mut args)? };
    Ok(args.event)
}

impl DeviceMemory for PjrtMemory {
    fn read(&self, out: &mut [u8]) -> Result<()> {
        // SAFETY: `Buffer` asks with its type's size, which is this array's; it is made of ready arrays only.
        unsafe { copy_to_host(&self.client, self.raw, out)? };
        Ok(())
    }
}
