//! An installed plugin on disk: a directory with the wheel's files and a record to check them against.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::wheels::Wheel;

/// The record's file name in the plugin's directory.
pub(super) const RECORD: &str = "install.json";
/// How much of each end of the library is hashed at every start, in a few milliseconds where the whole would take a
/// second. The whole is hashed when the file's time says that it was written to.
const END_BYTES: u64 = 1 << 20;

/// What was installed, written once when everything else is in place.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    name: String,
    version: String,
    wheel_sha256: String,
    library: String,
    library_bytes: u64,
    library_sha256: String,
    library_ends_sha256: String,
    /// When the library was last written, in whole seconds since 1970, which archives and copies keep; none where the
    /// system does not say, and in records of old.
    library_modified: Option<u64>,
}

/// The state of a wheel's plugin in a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is there and as it was installed; the library's path.
    Sound(PathBuf),
    /// It is not there.
    Missing,
    /// It is there but not as it was installed; what differs.
    Damaged(String),
}

/// The directory of a wheel's plugin below the data directory.
pub(super) fn directory(data_dir: &Path, wheel: &Wheel) -> PathBuf {
    data_dir.join("plugins").join(format!("{}-{}", wheel.name, wheel.version))
}

/// Examines the plugin of `wheel` below `data_dir`; `whole` hashes all of the library instead of its ends.
pub fn examine(data_dir: &Path, wheel: &Wheel, whole: bool) -> Condition {
    let directory = directory(data_dir, wheel);
    if !directory.exists() {
        return Condition::Missing;
    }
    match compare(&directory, wheel, whole) {
        Ok(Ok(library)) => Condition::Sound(library),
        Ok(Err(difference)) => Condition::Damaged(difference),
        Err(error) => Condition::Damaged(format!("it cannot be read: {error}")),
    }
}

fn compare(directory: &Path, wheel: &Wheel, whole: bool) -> io::Result<Result<PathBuf, String>> {
    let Ok(text) = fs::read(directory.join(RECORD)) else {
        return Ok(Err(format!("its record {RECORD} is missing")));
    };
    let record: Record = match serde_json::from_slice(&text) {
        Ok(record) => record,
        Err(error) => return Ok(Err(format!("its record {RECORD} is unreadable: {error}"))),
    };
    if record.wheel_sha256 != wheel.sha256 || record.library != wheel.library {
        return Ok(Err(format!("its record {RECORD} is of another wheel")));
    }
    let path = directory.join(&record.library);
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(format!("{} is missing", record.library)));
        }
        Err(error) => return Err(error),
    };
    let length = metadata.len();
    if length != record.library_bytes {
        return Ok(Err(format!("{} has {length} bytes, expected {}", record.library, record.library_bytes)));
    }
    let untouched = record.library_modified.is_none_or(|then| modified(&metadata) == Some(then));
    let (found, expected) = if whole || !untouched {
        (hash_file(&path)?, &record.library_sha256)
    } else {
        (hash_ends(&path)?, &record.library_ends_sha256)
    };
    Ok(if found == *expected {
        Ok(path)
    } else {
        Err(format!("the content of {} has changed", record.library))
    })
}

/// The SHA-256 that the record of an installed wheel gives its library.
pub(super) fn recorded_hash(data_dir: &Path, wheel: &Wheel) -> Option<String> {
    let text = fs::read(directory(data_dir, wheel).join(RECORD)).ok()?;
    serde_json::from_slice::<Record>(&text).ok().map(|record| record.library_sha256)
}

/// Writes the record of a wheel unpacked in `directory`.
pub(super) fn write_record(directory: &Path, wheel: &Wheel) -> io::Result<()> {
    let library = directory.join(wheel.library);
    let metadata = fs::metadata(&library)?;
    let record = Record {
        name: wheel.name.to_string(),
        version: wheel.version.to_string(),
        wheel_sha256: wheel.sha256.to_string(),
        library: wheel.library.to_string(),
        library_bytes: metadata.len(),
        library_sha256: hash_file(&library)?,
        library_ends_sha256: hash_ends(&library)?,
        library_modified: modified(&metadata),
    };
    fs::write(directory.join(RECORD), serde_json::to_vec_pretty(&record)?)
}

fn modified(metadata: &Metadata) -> Option<u64> {
    let since = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

/// The SHA-256 of a whole file, lower-case hexadecimal.
pub(crate) fn hash_file(path: &Path) -> io::Result<String> {
    hash(File::open(path)?, Sha256::new())
}

/// The SHA-256 of a file's first and last megabyte.
fn hash_ends(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut digest = Sha256::new();
    let mut first = Vec::new();
    (&mut file).take(END_BYTES).read_to_end(&mut first)?;
    digest.update(&first);
    file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
    hash(file.take(END_BYTES), digest)
}

fn hash(mut from: impl Read, mut digest: Sha256) -> io::Result<String> {
    let mut block = vec![0; 1 << 16];
    loop {
        match from.read(&mut block)? {
            0 => break,
            n => digest.update(&block[..n]),
        }
    }
    Ok(hex(&digest.finalize()))
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
