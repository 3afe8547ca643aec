//! The directory of kept executables: private, bounded in size, safe to share between processes.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use super::{
    Key,
    entry::{self, NativeCode},
    identity,
};
use crate::{
    options::{CACHE_SIZE, Options},
    plugin::hex,
    private,
};

/// What the names of kept executables end with.
const SUFFIX: &str = ".executable";
/// What the names of files that are being written begin with.
const ASIDE: &str = ".writing-";
/// The age from which such a file is what a process left that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// Why compiled programs are not kept on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The directory is not the user's alone.
    #[error(
        "`{}` {problem}: native code is loaded from it, so it must be yours alone; take the others' rights away \
         (chmod go-w), or name another directory in PYROXENE_CACHE", .path.display()
    )]
    NotPrivate {
        /// The directory.
        path: PathBuf,
        /// Who else may write it.
        problem: String,
    },
    /// The system does not say what its processor can do.
    #[error(
        "the processor's features are not known without /proc/cpuinfo, and compiled programs depend on them"
    )]
    Processor,
    /// A file operation failed.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl CacheError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError + use<> {
        let path = path.to_path_buf();
        move |source| CacheError::Io { action, path, source }
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of executables.
    pub executables: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// A directory of executables for later processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskCache {
    directory: PathBuf,
    limit: u64,
}

impl DiskCache {
    /// The cache that the options name (`PYROXENE_CACHE`, `PYROXENE_CACHE_SIZE`); none if they turn it off.
    pub fn of(options: &Options) -> Option<DiskCache> {
        let directory = options.cache.as_ref()?.join("executables");
        Some(DiskCache { directory, limit: options.cache_size.unwrap_or(CACHE_SIZE) })
    }

    /// Where the executables are. The directory is made when the first one is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// How many bytes are kept at most; what was unused for longest goes first.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Checks that executables can be kept here, without making the directory.
    ///
    /// # Errors
    /// When others own or can write the directory, or the system does not tell what its processor is.
    pub fn check(&self) -> Result<(), CacheError> {
        identity::processor().ok_or(CacheError::Processor)?;
        let metadata = match fs::metadata(&self.directory) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(CacheError::io("read", &self.directory)(error)),
        };
        private::problem(&metadata)
            .map_or(Ok(()), |problem| Err(CacheError::NotPrivate { path: self.directory.clone(), problem }))
    }

    /// What is kept now.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn contents(&self) -> Result<Contents, CacheError> {
        let entries = self.entries().map_err(CacheError::io("read", &self.directory))?;
        Ok(Contents { executables: entries.len(), bytes: entries.iter().map(|e| e.bytes).sum() })
    }

    /// Removes every executable, and returns what there was. Running processes keep what they have loaded.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn clear(&self) -> Result<Contents, CacheError> {
        let entries = self.entries().map_err(CacheError::io("read", &self.directory))?;
        for entry in &entries {
            remove(&entry.path).map_err(CacheError::io("remove", &entry.path))?;
        }
        Ok(Contents { executables: entries.len(), bytes: entries.iter().map(|e| e.bytes).sum() })
    }

    /// The code kept under `key`; a file that is not what it should be is as good as none.
    pub(super) fn read(&self, key: &Key) -> Option<NativeCode> {
        let name = file_name(key);
        let code = entry::decode(key, self.read_file(&name)?)?;
        // Marks it as used; where that cannot be written down, it goes a little earlier.
        let _ = File::open(self.directory.join(name)).and_then(|file| file.set_modified(SystemTime::now()));
        Some(code)
    }

    /// Keeps code, as far as it can be written: a program that is not kept is compiled again.
    pub(super) fn write(&self, key: &Key, code: &[u8]) {
        let file = entry::encode(key, code);
        if file.len() as u64 <= self.limit && self.write_file(&file_name(key), &file).is_ok() {
            let _ = self.trim();
        }
    }

    /// Forgets what is kept under `key`.
    pub(super) fn forget(&self, key: &Key) {
        let _ = remove(&self.directory.join(file_name(key)));
    }

    /// A file of the directory, if it is there and nobody else can have written it.
    pub(super) fn read_file(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = File::open(self.directory.join(name)).ok()?;
        let metadata = file.metadata().ok().filter(|m| m.is_file() && private::problem(m).is_none())?;
        let mut content = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.read_to_end(&mut content).ok()?;
        Some(content)
    }

    /// Writes a file whole or not at all: readers see what was there before until all of it is written.
    pub(super) fn write_file(&self, name: &str, content: &[u8]) -> io::Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        private::create(&self.directory)?;
        if private::problem(&fs::metadata(&self.directory)?).is_some() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let aside = self.directory.join(format!("{ASIDE}{}-{count}", std::process::id()));
        let outcome = create_new(&aside)
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| fs::rename(&aside, self.directory.join(name)));
        if outcome.is_err() {
            let _ = fs::remove_file(&aside);
        }
        outcome
    }

    /// Removes what was unused for longest until the rest fits the limit, and what killed processes left.
    fn trim(&self) -> io::Result<()> {
        let mut entries = self.entries()?;
        let mut bytes: u64 = entries.iter().map(|e| e.bytes).sum();
        entries.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for entry in entries {
            if bytes <= self.limit {
                break;
            }
            remove(&entry.path)?;
            bytes -= entry.bytes;
        }
        for (path, metadata) in self.files(|name| name.starts_with(ASIDE))? {
            if metadata.modified()?.elapsed().is_ok_and(|age| age > LEFT_BEHIND) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let files = self.files(|name| name.ends_with(SUFFIX))?;
        files.into_iter().map(|(path, m)| Ok(Entry { path, bytes: m.len(), used: m.modified()? })).collect()
    }

    /// The files of the directory whose names are wanted; none where there is no directory yet.
    fn files(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<(PathBuf, Metadata)>> {
        let directory = match fs::read_dir(&self.directory) {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for file in directory {
            let file = file?;
            if !file.file_name().to_str().is_some_and(&wanted) {
                continue;
            }
            match file.metadata() {
                Ok(metadata) => files.push((file.path(), metadata)),
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn file_name(key: &Key) -> String {
    format!("{}{SUFFIX}", hex(key))
}

/// Removes a file that may be gone already.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Creates a file for this user alone.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
