//! What native code depends on besides the program and its options: the plugin, the processor, the process's flags.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
    thread,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Parts,
    disk::{CacheError, DiskCache},
};
use crate::{
    backend::Platform,
    plugin::{Found, hash_file, hex},
};

/// Code compiled under one identity must not run under another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The SHA-256 of the plugin's file.
    plugin: String,
    /// Its name, its version and its devices, which tell accelerators and drivers apart.
    platform: String,
    /// Maker, model and features of the processor: compilers use all that they find.
    processor: String,
    /// How many threads there are to divide the work of one program among.
    threads: usize,
    /// `XLA_FLAGS`, and the content of the file that it may name.
    flags: Vec<u8>,
}

impl Identity {
    /// The identity of what `platform`, loaded from `found`, compiles in this process.
    ///
    /// # Errors
    /// When the plugin cannot be read, or the system does not tell what its processor is.
    pub(super) fn of(platform: &Platform, found: &Found, cache: &DiskCache) -> Result<Identity, CacheError> {
        let plugin = match &found.sha256 {
            Some(recorded) => recorded.clone(),
            None => plugin_hash(&found.path, cache).map_err(CacheError::io("read", &found.path))?,
        };
        Ok(Identity {
            plugin,
            platform: format!("{} {:?} {:?}", platform.name, platform.version, platform.devices),
            processor: processor().ok_or(CacheError::Processor)?,
            threads: thread::available_parallelism().map_or(1, usize::from),
            flags: flags(env::var_os("XLA_FLAGS").unwrap_or_default()),
        })
    }

    /// The SHA-256 of the plugin's file.
    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Adds the identity to what a key is made of.
    pub(super) fn add_to(&self, parts: &mut Parts) {
        parts.add(self.plugin.as_bytes());
        parts.add(self.platform.as_bytes());
        parts.add(self.processor.as_bytes());
        parts.add(&self.threads.to_le_bytes());
        parts.add(&self.flags);
    }
}

/// The flags as XLA reads them: text, or the name of a file that holds it.
fn flags(given: OsString) -> Vec<u8> {
    let mut flags = given.as_encoded_bytes().to_vec();
    if !flags.trim_ascii_start().starts_with(b"-") {
        flags.extend(fs::read(&given).unwrap_or_default());
    }
    flags
}

/// What Linux says of the first processor, speed and load aside.
pub(super) fn processor() -> Option<String> {
    // Of the lines for x86-64 and aarch64, those on which a compiler's choice of instructions depends.
    const LINES: &[&str] = &[
        "vendor_id",
        "cpu family",
        "model",
        "model name",
        "stepping",
        "flags",
        "CPU implementer",
        "CPU architecture",
        "CPU variant",
        "CPU part",
        "Features",
    ];
    let mut found = env::consts::ARCH.to_string();
    let mut features = false;
    for line in BufReader::new(File::open("/proc/cpuinfo").ok()?).lines() {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        if LINES.contains(&name.trim()) {
            found.extend(["\n", name.trim(), ":", value.trim()]);
            features |= ["flags", "Features"].contains(&name.trim());
        }
    }
    features.then_some(found)
}

/// A file's state: when it is the same as before, so is the content.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct FileState {
    path: OsString,
    bytes: u64,
    /// Seconds and nanoseconds of the last writing and of the last change of any kind, device and inode.
    marks: Vec<i64>,
}

/// The hash of a library that was in a state.
#[derive(Serialize, Deserialize)]
struct Known {
    state: FileState,
    sha256: String,
}

/// The SHA-256 of a plugin's file, which is hundreds of megabytes: read once, remembered until the file changes.
fn plugin_hash(plugin: &Path, cache: &DiskCache) -> io::Result<String> {
    let path = plugin.canonicalize()?;
    let state = FileState {
        bytes: fs::metadata(&path)?.len(),
        marks: marks(&fs::metadata(&path)?),
        path: path.clone().into_os_string(),
    };
    let name = format!("plugin-{}.json", hex(&Sha256::digest(state.path.as_encoded_bytes())));
    let known = cache.read_file(&name).and_then(|text| serde_json::from_slice::<Known>(&text).ok());
    if let Some(known) = known.filter(|known| known.state == state) {
        return Ok(known.sha256);
    }
    let sha256 = hash_file(&path)?;
    let known = Known { state, sha256 };
    // Not remembered, it is computed again.
    let _ = serde_json::to_vec(&known).map(|text| cache.write_file(&name, &text));
    Ok(known.sha256)
}

#[cfg(unix)]
fn marks(metadata: &fs::Metadata) -> Vec<i64> {
    use std::os::unix::fs::MetadataExt;
    let (device, inode) = (metadata.dev().cast_signed(), metadata.ino().cast_signed());
    vec![metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec(), device, inode]
}

#[cfg(not(unix))]
fn marks(metadata: &fs::Metadata) -> Vec<i64> {
    let since = metadata.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(Vec::new, |s| vec![s.as_secs().cast_signed(), i64::from(s.subsec_nanos())])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::cache::Key;

    fn key(identity: &Identity) -> Key {
        let mut parts = Parts::default();
        identity.add_to(&mut parts);
        parts.key()
    }

    #[test]
    fn code_of_another_machine_plugin_or_flags_has_another_key() {
        let here = Identity {
            plugin: "ad13".into(),
            platform: "cpu".into(),
            processor: "flags:avx2 fma".into(),
            threads: 2,
            flags: Vec::new(),
        };
        let others = [
            Identity { plugin: "ad14".into(), ..here.clone() },
            Identity { platform: "cuda".into(), ..here.clone() },
            Identity { processor: "flags:avx2 fma avx512f".into(), ..here.clone() },
            Identity { threads: 4, ..here.clone() },
            Identity { flags: b"--xla_cpu_enable_fast_math=true".to_vec(), ..here.clone() },
            // What moves from one part to the next is not the same.
            Identity { platform: "cpuflags:avx2 fma".into(), processor: String::new(), ..here.clone() },
        ];
        let keys: std::collections::BTreeSet<Key> = others.iter().chain([&here]).map(key).collect();
        assert_eq!(keys.len(), 1 + others.len());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processor_is_known_by_its_features() {
        let processor = processor().unwrap();
        assert!(processor.contains("\nflags:") || processor.contains("\nFeatures:"), "{processor}");
        // These change from one moment to the next.
        assert!(!processor.contains("MHz") && !processor.contains("bogomips"), "{processor}");
    }

    #[test]
    fn flags_in_a_file_count_by_content() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "--xla_a").unwrap();
        let first = flags(file.path().into());
        fs::write(file.path(), "--xla_b").unwrap();
        assert_ne!(first, flags(file.path().into()));
        assert_eq!(flags("--xla_a".into()), b"--xla_a");
    }
}
