//! Device arrays as the rest of the system sees them: a type and a shared handle to some device's memory.

use std::{any::Any, fmt, sync::Arc};

use pyroxene_ir::{Array, Ty};

use crate::error::Result;

/// Memory on a device, as a backend implements it.
pub trait DeviceMemory: Any + Send + Sync {
    /// Copies the value to `out`, dense and row-major in native byte order, waiting until it is there.
    ///
    /// # Errors
    /// When the transfer fails. `out` has exactly the value's number of bytes.
    fn read(&self, out: &mut [u8]) -> Result<()>;
}

/// An array on a device. Cloning shares the memory, which never changes.
#[derive(Clone)]
pub struct Buffer {
    ty: Ty,
    memory: Arc<dyn DeviceMemory>,
}

impl Buffer {
    /// A buffer from memory that holds a value of type `ty`: for backends.
    pub fn new(ty: Ty, memory: Arc<dyn DeviceMemory>) -> Buffer {
        Buffer { ty, memory }
    }

    /// Element type and dimensions.
    pub fn ty(&self) -> &Ty {
        &self.ty
    }

    /// Copies the value to the host.
    ///
    /// # Errors
    /// When the transfer from the device fails.
    pub fn to_array(&self) -> Result<Array> {
        Array::filled_by(&self.ty, |bytes| self.memory.read(bytes))
    }

    /// The memory as the backend's own type, if it is that backend's: for backends.
    pub fn memory<M: DeviceMemory>(&self) -> Option<&M> {
        let memory: &dyn Any = &*self.memory;
        memory.downcast_ref()
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({})", self.ty)
    }
}
