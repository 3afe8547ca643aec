//! Executables of this process: identical bytes compiled with identical options give the executable compiled before.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use pyroxene_ir::Array;

use super::{Key, Parts};
use crate::{
    backend::{Backend, CompileOptions, Executable, FlagValue, Module, Platform, Stats},
    buffer::Buffer,
    error::Result,
};

/// How many executables are kept before the one unused for longest is let go.
const CAPACITY: usize = 256;

/// Locked while it is compiled, so that two threads asking for one program compile it once.
type Place = Arc<Mutex<Option<Arc<dyn Executable>>>>;

/// A backend that keeps its executables.
pub struct Cached<B> {
    inner: B,
    places: Mutex<Places>,
    hits: AtomicU64,
}

#[derive(Default)]
struct Places {
    by_key: BTreeMap<Key, (Place, u64)>,
    clock: u64,
}

impl<B: Backend> Cached<B> {
    /// Wraps a backend.
    pub fn new(inner: B) -> Cached<B> {
        Cached { inner, places: Mutex::default(), hits: AtomicU64::new(0) }
    }

    fn place(&self, key: Key) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.clock += 1;
        let now = places.clock;
        let (place, used) = places.by_key.entry(key).or_insert_with(|| (Place::default(), now));
        *used = now;
        let place = place.clone();
        if places.by_key.len() > CAPACITY
            && let Some(oldest) = places.by_key.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key)
        {
            places.by_key.remove(&oldest);
        }
        place
    }
}

impl<B: Backend> Backend for Cached<B> {
    fn platform(&self) -> &Platform {
        self.inner.platform()
    }

    fn compile(&self, module: &Module<'_>, options: &CompileOptions) -> Result<Arc<dyn Executable>> {
        let place = self.place(key(module, options));
        let mut slot = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(executable) = &*slot {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(executable.clone());
        }
        let executable = self.inner.compile(module, options)?;
        *slot = Some(executable.clone());
        Ok(executable)
    }

    fn upload(&self, array: &Array) -> Result<Buffer> {
        self.inner.upload(array)
    }

    fn stats(&self) -> Stats {
        let inner = self.inner.stats();
        Stats { hits: inner.hits + self.hits.load(Ordering::Relaxed), ..inner }
    }
}

/// The identity of a compiled program: all that its executable shows.
fn key(module: &Module<'_>, options: &CompileOptions) -> Key {
    let mut parts = Parts::default();
    parts.add(module.hlo);
    parts.add(module.name.as_bytes());
    parts.add(&module.inputs.len().to_le_bytes());
    for input in &module.inputs {
        parts.add(input.name.as_bytes());
        parts.add(input.ty.to_string().as_bytes());
    }
    for ty in &module.outputs {
        parts.add(ty.to_string().as_bytes());
    }
    parts.add(&options.opt_level.number().to_le_bytes());
    parts.add(&options.donated.map_or([0; 8], |i| (i as u64 + 1).to_le_bytes()));
    for (name, value) in &options.flags {
        parts.add(name.as_bytes());
        match value {
            FlagValue::Bool(b) => parts.add(&[0, u8::from(*b)]),
            FlagValue::Int(i) => parts.add(&i.to_le_bytes()),
            FlagValue::Text(text) => parts.add(text.as_bytes()),
        }
    }
    parts.key()
}
