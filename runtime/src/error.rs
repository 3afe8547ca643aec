//! What can go wrong between HLO bytes and their results, one type for the whole crate.

use std::path::PathBuf;

use pyroxene_ir::{LengthError, Ty};

use crate::{options::OptionError, plugin::InstallError};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the runtime: what failed, where, what was expected and found, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No plugin could be found or loaded.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The plugin could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// An environment variable has a value that it cannot have.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// No backend has the name asked for.
    #[error(
        "no backend is called `{name}`, expected one of {}; `xla-rs` is there when Pyroxene is built with its feature \
         `xla-rs` and has registered it", .known.join(", ")
    )]
    UnknownBackend {
        /// The name asked for, by PYROXENE_BACKEND or in code.
        name: String,
        /// The names of those there are.
        known: Vec<&'static str>,
    },
    /// A call into the device's runtime failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A device returned another number of bytes than its type says.
    #[error("the device returned a value of the wrong size: {0}")]
    Length(#[from] LengthError),
    /// XLA refused to compile a program.
    #[error("compiling `{module}` failed with {code}: {message}")]
    Compile {
        /// The program's name.
        module: String,
        /// XLA's error code.
        code: Code,
        /// XLA's words.
        message: String,
    },
    /// A program's bytes do not agree with what is said of them.
    #[error("the program `{module}` was refused before compilation: {problem}")]
    Module {
        /// The program's name.
        module: String,
        /// What disagrees, found and expected.
        problem: String,
    },
    /// A program was run with too few or too many arguments.
    #[error("`{module}` takes {expected} arguments, found {found}")]
    ArgumentCount {
        /// The program's name.
        module: String,
        /// The number of inputs of the program.
        expected: usize,
        /// The number of arguments given.
        found: usize,
    },
    /// An argument has another element type or shape than the program's input.
    #[error("input `{}` (number {}) of `{}` is {}, found {}", .0.input, .0.index, .0.module, .0.expected, .0.found)]
    Argument(Box<ArgumentMismatch>),
    /// A buffer was given to a program of another client, where it means nothing.
    #[error(
        "argument {index} of `{module}` lives on another device or backend; read it with `to_array` and upload it"
    )]
    ForeignBuffer {
        /// The program's name.
        module: String,
        /// The argument's position.
        index: usize,
    },
    /// A slot or an output of a launch was asked for that does not exist, or not as this type.
    #[error("{what} {index} of `{module}` {problem}")]
    Access {
        /// The program's name.
        module: String,
        /// `input` or `output`.
        what: &'static str,
        /// The position asked for.
        index: usize,
        /// Why it cannot be given.
        problem: String,
    },
    /// The host has no memory left for a value of this type.
    #[error("no host memory for a value of type {ty} ({} bytes)", .ty.bytes())]
    OutOfMemory {
        /// The value's type.
        ty: Ty,
    },
}

impl Error {
    /// A failure that names an input, with another number for it: of an executable inside one that numbers them otherwise.
    pub(crate) fn with_input(self, number: impl Fn(usize) -> usize) -> Error {
        match self {
            Error::ForeignBuffer { module, index } => Error::ForeignBuffer { module, index: number(index) },
            Error::Access { module, what: "input", index, problem } => {
                Error::Access { module, what: "input", index: number(index), problem }
            }
            other => other,
        }
    }
}

/// An argument whose type is not that of the program's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentMismatch {
    /// The program's name.
    pub module: String,
    /// The input's position.
    pub index: usize,
    /// The input's name.
    pub input: String,
    /// The input's type.
    pub expected: Ty,
    /// The argument's type.
    pub found: Ty,
}

/// A call into a plugin that returned an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed with {code}: {message}")]
pub struct DeviceError {
    /// The function of the C API.
    pub call: &'static str,
    /// The kind of failure.
    pub code: Code,
    /// The plugin's words.
    pub message: String,
}

/// The kinds of failure of the PJRT C API (those of `absl::Status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are absl's and say all there is to say")]
pub enum Code {
    Cancelled,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
    /// Anything else, with its number.
    Unknown(i32),
}

impl Code {
    /// The kind behind a number of the C API.
    pub fn from_number(number: i32) -> Code {
        match number {
            1 => Code::Cancelled,
            3 => Code::InvalidArgument,
            4 => Code::DeadlineExceeded,
            5 => Code::NotFound,
            6 => Code::AlreadyExists,
            7 => Code::PermissionDenied,
            8 => Code::ResourceExhausted,
            9 => Code::FailedPrecondition,
            10 => Code::Aborted,
            11 => Code::OutOfRange,
            12 => Code::Unimplemented,
            13 => Code::Internal,
            14 => Code::Unavailable,
            15 => Code::DataLoss,
            16 => Code::Unauthenticated,
            other => Code::Unknown(other),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Code::Unknown(number) => write!(f, "error {number}"),
            known => write!(f, "{known:?}"),
        }
    }
}

/// Why a path does not lead to a usable PJRT plugin, or why there is no path at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The file cannot be read.
    #[error("the PJRT plugin `{}` cannot be read: {source}; {given}", .path.display())]
    Unreadable {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is not a complete shared library of this machine.
    #[error("`{}` is not a usable PJRT plugin: {problem}; {given}", .path.display())]
    NotALibrary {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
        /// What was found instead.
        problem: String,
    },
    /// The system's loader refused the library.
    #[error("the PJRT plugin `{}` does not load: {message}; {given}", .path.display())]
    Load {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
        /// The loader's words.
        message: String,
    },
    /// The library has no `GetPjrtApi`, or it returns nothing.
    #[error("`{}` is a shared library but no PJRT plugin: {problem}; {given}", .path.display())]
    NotAPlugin {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
        /// What is missing.
        problem: String,
    },
    /// The plugin speaks another version of the C API.
    #[error(
        "the PJRT plugin `{}` has C API {found_major}.{found_minor}, expected 0.{oldest} or a later 0.x; {given}; \
         use a newer plugin", .path.display()
    )]
    Version {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
        /// Its major version.
        found_major: i32,
        /// Its minor version.
        found_minor: i32,
        /// The oldest minor version that works.
        oldest: i32,
    },
    /// The plugin loaded, but its client could not be made.
    #[error("the PJRT plugin `{}` makes no client: {source}; {given}", .path.display())]
    Client {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
        /// The plugin's words.
        source: DeviceError,
    },
    /// The plugin has no device that this process can use.
    #[error("the PJRT plugin `{}` has no addressable device; {given}", .path.display())]
    NoDevice {
        /// The plugin's path.
        path: PathBuf,
        /// Where the path came from.
        given: String,
    },
    /// Nothing names a plugin for the platform, and none can be installed for it.
    #[error(
        "no PJRT plugin for platform `{platform}`: {looked}; or give its path in PYROXENE_PLUGIN, or as \
         `{platform}:/path/to/plugin.so` in PJRT_NAMES_AND_LIBRARY_PATHS"
    )]
    NotFound {
        /// The platform asked for.
        platform: String,
        /// Where it was looked for, and what would bring it.
        looked: String,
    },
}
