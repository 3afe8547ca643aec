//! A PJRT backend that keeps its executables on disk: what one process compiles, the next one loads.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use pyroxene_ir::Array;

use super::{
    Key, Parts,
    disk::{CacheError, DiskCache},
    entry::FORMAT,
    identity::Identity,
};
use crate::{
    backend::{Backend, CompileOptions, Executable, Module, Platform, Stats},
    buffer::Buffer,
    error::Result,
    pjrt::{PjrtBackend, encode_options},
    plugin::Found,
};

/// A backend with a directory of executables.
pub(crate) struct Stored {
    inner: PjrtBackend,
    cache: DiskCache,
    identity: Identity,
    hits: AtomicU64,
}

impl Stored {
    /// Gives a backend a cache, in which its programs have this identity.
    pub(crate) fn new(inner: PjrtBackend, cache: DiskCache, identity: Identity) -> Stored {
        Stored { inner, cache, identity, hits: AtomicU64::new(0) }
    }

    /// What the programs of a backend that was loaded from `found` have in common.
    ///
    /// # Errors
    /// When the directory is not fit to hold native code, or the plugin cannot be read.
    pub(crate) fn identity(
        platform: &Platform,
        found: &Found,
        cache: &DiskCache,
    ) -> Result<Identity, CacheError> {
        cache.check()?;
        Identity::of(platform, found, cache)
    }

    /// What native code depends on; names of inputs are not part of it.
    fn key(&self, hlo: &[u8], options: &[u8]) -> Key {
        let mut parts = Parts::default();
        parts.add(&FORMAT.to_le_bytes());
        self.identity.add_to(&mut parts);
        parts.add(options);
        parts.add(self.inner.told().as_bytes());
        parts.add(hlo);
        parts.key()
    }
}

impl Backend for Stored {
    fn platform(&self) -> &Platform {
        self.inner.platform()
    }

    fn compile(&self, module: &Module<'_>, options: &CompileOptions) -> Result<Arc<dyn Executable>> {
        let module = self.inner.checked(module, options)?;
        let options = encode_options(options);
        let key = self.key(&module.hlo, &options);
        if let Some(code) = self.cache.read(&key) {
            match self.inner.load_code(&module, &code) {
                Ok(executable) => {
                    self.hits.fetch_add(1, Ordering::Relaxed);
                    return Ok(Arc::new(executable));
                }
                // The plugin knows better; compiling says what is wrong with the program, if anything is.
                Err(_) => self.cache.forget(&key),
            }
        }
        let executable = self.inner.compile_encoded(&module, &options)?;
        // A plugin that cannot serialize a program compiles it each time.
        if let Ok(code) = executable.serialize() {
            self.cache.write(&key, &code);
        }
        Ok(Arc::new(executable))
    }

    fn upload(&self, array: &Array) -> Result<Buffer> {
        self.inner.upload(array)
    }

    fn stats(&self) -> Stats {
        Stats { disk_hits: self.hits.load(Ordering::Relaxed), ..self.inner.stats() }
    }
}
