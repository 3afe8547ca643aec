//! One device array, freed with its handle, and its way to and from host memory.

use std::sync::Arc;

use bytemuck::Pod;
use pyroxene_ir::{DType, Ty};
use pyroxene_runtime::{DeviceMemory, Error, Result};
use xla::{ArrayElement, PjRtBuffer, PjRtClient};

use crate::convert::{element_type, failed};

/// A client, kept alive by everything made from it.
pub(crate) struct Client {
    pub(crate) client: PjRtClient,
    /// Whether arrays lie on the device as they lie on the host, dense and row-major, so that bytes can be copied.
    pub(crate) dense: bool,
}

impl Client {
    /// Copies a value of type `ty` to the device. The bytes are not needed afterwards.
    pub(crate) fn send(&self, ty: &Ty, bytes: &[u8]) -> Result<PjRtBuffer> {
        let sent = self.client.buffer_from_host_raw_bytes(element_type(ty.dtype), bytes, &ty.dims, None);
        Ok(sent.map_err(failed("PjRtClient::buffer_from_host_raw_bytes"))?)
    }

    /// Copies a device array to `out`, which has its size, dense and row-major.
    pub(crate) fn receive(&self, buffer: &PjRtBuffer, dtype: DType, out: &mut [u8]) -> Result<()> {
        match dtype {
            _ if out.is_empty() => Ok(()),
            DType::F64 if self.dense => copy::<f64>(buffer, out),
            DType::F32 if self.dense => copy::<f32>(buffer, out),
            DType::I64 if self.dense => copy::<i64>(buffer, out),
            DType::I32 if self.dense => copy::<i32>(buffer, out),
            DType::U64 if self.dense => copy::<u64>(buffer, out),
            DType::U32 if self.dense => copy::<u32>(buffer, out),
            // The crate has no element of Rust's for the others.
            _ => copy_through_literal(buffer, out),
        }
    }
}

/// The bytes as they are on the device.
fn copy<T: Pod + ArrayElement>(buffer: &PjRtBuffer, out: &mut [u8]) -> Result<()> {
    match bytemuck::try_cast_slice_mut::<u8, T>(out) {
        Ok(numbers) => Ok(buffer
            .copy_raw_to_host_sync(numbers, 0)
            .map_err(failed("PjRtBuffer::copy_raw_to_host_sync"))?),
        // The crate writes numbers, and this place is not aligned for them.
        Err(_) => copy_through_literal(buffer, out),
    }
}

/// Twice copied, for any element type and layout on the device.
fn copy_through_literal(buffer: &PjRtBuffer, out: &mut [u8]) -> Result<()> {
    let literal = buffer.to_literal_sync().map_err(failed("PjRtBuffer::to_literal_sync"))?;
    Ok(literal.copy_untyped_to(out).map_err(failed("Literal::copy_untyped_to"))?)
}

/// A device array with its client.
pub(crate) struct XlaMemory {
    pub(crate) client: Arc<Client>,
    pub(crate) buffer: PjRtBuffer,
    pub(crate) dtype: DType,
}

impl DeviceMemory for XlaMemory {
    fn read(&self, out: &mut [u8]) -> Result<()> {
        self.client.receive(&self.buffer, self.dtype, out)
    }
}

/// The alignment that `Launch` promises for its slots.
const ALIGN: usize = 64;

/// Host memory for a value, aligned and zero at first.
pub(crate) struct HostMemory {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl HostMemory {
    pub(crate) fn new(ty: &Ty) -> Result<HostMemory> {
        let (mut bytes, len) = (Vec::new(), ty.bytes());
        // Never grown again, so that it stays where it is aligned.
        let room = len.saturating_add(ALIGN);
        bytes.try_reserve_exact(room).map_err(|_| Error::OutOfMemory { ty: ty.clone() })?;
        bytes.resize(room, 0);
        let start = bytes.as_ptr().addr().wrapping_neg() % ALIGN;
        Ok(HostMemory { bytes, start, len })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..][..self.len]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }
}
