//! Executables at hand: in memory for this process, on disk for those that come after it.

mod disk;
mod entry;
mod identity;
mod memory;
mod stored;

pub use disk::{CacheError, Contents, DiskCache};
pub(crate) use entry::NativeCode;
pub use memory::Cached;
pub(crate) use stored::Stored;

/// What a kept executable is found by: a SHA-256.
type Key = [u8; 32];

/// A SHA-256 over parts, each preceded by its length, so that no two lists of parts look alike.
#[derive(Default)]
struct Parts(sha2::Sha256);

impl Parts {
    fn add(&mut self, bytes: &[u8]) {
        use sha2::Digest;
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn key(self) -> Key {
        sha2::Digest::finalize(self.0).into()
    }
}
