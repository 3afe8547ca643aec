//! Transfers between the host and a device with memory of its own that are under way together.

use super::{api::Api, ffi};
use crate::error::DeviceError;

/// The ends of transfers that have begun. The host memory that they read or write must stay as it is until then: dropping
/// this waits for them.
pub(super) struct Transfers {
    api: &'static Api,
    ends: Vec<*mut ffi::EventObject>,
}

impl Transfers {
    pub(super) fn new(api: &'static Api) -> Transfers {
        Transfers { api, ends: Vec::new() }
    }

    /// Takes in a transfer that has begun.
    ///
    /// # Safety
    /// `end` must be null, for one that is over, or an event of the plugin, which the caller gives up.
    pub(super) unsafe fn add(&mut self, end: *mut ffi::EventObject) {
        self.ends.push(end);
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// The first failure, after all have ended.
    pub(super) fn finish(&mut self) -> Result<(), DeviceError> {
        let mut outcome = Ok(());
        for end in self.ends.drain(..) {
            // SAFETY: null or an event handed over to `add`, forgotten here.
            let ended = unsafe { self.api.finish(end) };
            outcome = outcome.and(ended);
        }
        outcome
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        // Who drops it has an error to tell already.
        let _ = self.finish();
    }
}
