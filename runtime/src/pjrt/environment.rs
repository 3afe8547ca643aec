//! Variables that XLA's libraries read, set before one reads them unless the user has set them.

use std::{
    ffi::{OsStr, OsString},
    fs,
};

use super::options::FAST_MIN_MAX;

/// Keeps XLA's notes of what it is doing off stderr, unless the user has asked for them.
pub fn quieten() {
    const NAME: &str = "TF_CPP_MIN_LOG_LEVEL";
    if std::env::var_os(NAME).is_none() {
        set(NAME, "2".as_ref());
    }
}

/// The variable in which XLA finds debug options.
const FLAGS: &str = "XLA_FLAGS";

/// Whether the environment has debug options for XLA.
pub(super) fn has_flags() -> bool {
    std::env::var_os(FLAGS).is_some_and(|flags| !flags.is_empty())
}

/// Has minimum and maximum keep NaN, as HLO says, in every XLA that this process comes to use and by `XLA_FLAGS`: for
/// a backend that cannot pass on options of one program. A library reads the variable once, when it makes its first
/// client or compiles its first program. What the user has set there for minimum and maximum stays.
///
/// The environment belongs to the whole process: call this before other threads run that read it in C code.
pub fn keep_nan() {
    let given = std::env::var_os(FLAGS).unwrap_or_default();
    if let Some(flags) = with_nan_kept(&given) {
        set(FLAGS, &flags);
    }
}

/// `XLA_FLAGS` with the flag added, if it is not there. As XLA reads it: flags, or the name of a file that holds them.
fn with_nan_kept(given: &OsStr) -> Option<OsString> {
    let is_list = |flags: &str| flags.trim_start().starts_with('-') || flags.trim().is_empty();
    let mut flags = given.to_os_string();
    if !is_list(&given.to_string_lossy()) {
        // A file that cannot be read, or is none of flags, is for XLA to complain of.
        let file = fs::read_to_string(given).ok();
        flags = file.filter(|text| is_list(text) && !text.contains('\0'))?.into();
    }
    let is_set = |flag: &str| flag.trim_start_matches('-').split('=').next() == Some(FAST_MIN_MAX);
    if flags.to_string_lossy().split_whitespace().any(is_set) {
        return None;
    }
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push(format!("--{FAST_MIN_MAX}=false"));
    Some(flags)
}

fn set(name: &str, value: &OsStr) {
    // SAFETY: Rust code reads the environment under the standard library's lock. C code in another thread may
    // read it at this moment without one: it sees the old array or the new one, both whole, because glibc
    // keeps the array a process started with, and from 2.41 every array. (What is left, under an older glibc, is a
    // second new variable, of ours or of a C library, that comes during the microsecond in which another thread
    // reads the array that the first one made.)
    unsafe { std::env::set_var(name, value) };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn added(given: impl AsRef<OsStr>) -> Option<String> {
        with_nan_kept(given.as_ref()).map(|flags| flags.into_string().unwrap())
    }

    #[test]
    fn flag_joins_those_of_the_user() {
        let flag = "--xla_cpu_enable_fast_min_max=false";
        assert_eq!(added("").as_deref(), Some(flag));
        assert_eq!(added("--xla_dump_to=/tmp").unwrap(), format!("--xla_dump_to=/tmp {flag}"));
        // Another flag's name may begin alike.
        assert_eq!(added("--xla_cpu_enable_fast_min_maxim").unwrap().matches(flag).count(), 1);
    }

    #[test]
    fn flag_of_the_user_stays() {
        for given in ["--xla_cpu_enable_fast_min_max=true", " --x=1\n-xla_cpu_enable_fast_min_max"] {
            assert_eq!(added(given), None, "{given}");
        }
    }

    #[test]
    fn flags_in_a_file_stay() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let holding = |text: &str| {
            fs::write(file.path(), text).unwrap();
            added(file.path())
        };
        let expected = "--xla_dump_to=/tmp\n --xla_cpu_enable_fast_min_max=false";
        assert_eq!(holding("--xla_dump_to=/tmp\n").as_deref(), Some(expected));
        assert_eq!(holding("--xla_cpu_enable_fast_min_max=true"), None);
        assert_eq!(holding("no flags"), None);
        assert_eq!(holding("--x=\0"), None);
        assert_eq!(added("/no/such/file"), None);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_stay() {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let found = with_nan_kept(OsStr::from_bytes(b"--xla_dump_to=/\xff")).unwrap().into_vec();
        assert!(found.starts_with(b"--xla_dump_to=/\xff --xla_cpu"), "{found:?}");
    }
}
