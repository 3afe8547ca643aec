//! What the environment says of how to run, as typed values.

mod variables;

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use pyroxene_ir::passes::OneKernel;
use regex_lite::Regex;

pub use self::variables::{Environment, Row, VARIABLES, Variable};
use crate::backend::{CPU, CompileOptions, FlagValue, OptLevel, Platform};

const MEGABYTE: u64 = 1_000_000;
/// The default in the row of `PYROXENE_CACHE_SIZE`: thousands of small programs, hundreds of large ones.
pub(crate) const CACHE_SIZE: u64 = 1024 * MEGABYTE;

/// A variable whose value has the wrong form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is `{found}`, expected {expected}")]
pub struct OptionError {
    /// The variable's name.
    pub name: &'static str,
    /// The form expected.
    pub expected: &'static str,
    /// The value found.
    pub found: String,
}

/// How much compiling a program is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Effort {
    /// What it will be run for outweighs its compilation.
    #[default]
    Full,
    /// It will be run for a few milliseconds, which no compilation can make up for.
    Least,
}

/// A regular expression, equal to another of the same text.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// The pattern, unless the text is no regular expression.
    pub fn new(text: &str) -> Option<Pattern> {
        Regex::new(text).ok().map(Pattern)
    }

    /// Whether it matches somewhere in `name`.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

/// Whether a missing plugin may be downloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstallPolicy {
    /// It may, with one line of notice.
    #[default]
    Auto,
    /// It may not: an error says so.
    Never,
}

/// How much is made of what has a meaning and yet is likely a mistake: batch dimensions that no plate covers, a scalar
/// factor repeated by a plate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validate {
    /// Nothing.
    Off,
    /// A warning at sites in some plate: there the author thinks of dimensions as plates.
    #[default]
    Loose,
    /// A warning at any site.
    Strict,
    /// An error at any site.
    Error,
}

/// XLA's option for what becomes part of CUDA graphs.
const COMMAND_BUFFERS: &str = "xla_gpu_enable_command_buffer";
/// XLA's default, and loops and branches.
const IN_COMMAND_BUFFERS: &str =
    "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,DYNAMIC_SLICE_FUSION,CONDITIONAL,WHILE";

/// What the variables say, typed. Settings made in a program start from here and win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The backend by name (`PYROXENE_BACKEND`): one that is built in or registered; none is `pjrt`.
    pub backend: Option<String>,
    /// The platform to run on (`PYROXENE_PLATFORM`); none is the CPU.
    pub platform: Option<String>,
    /// The plugin to load (`PYROXENE_PLUGIN`).
    pub plugin: Option<PathBuf>,
    /// Whether plugins may be installed (`PYROXENE_PLUGIN_INSTALL`).
    pub install: InstallPolicy,
    /// Our data directory (`PYROXENE_DATA_DIR`, or below `XDG_DATA_HOME` or `HOME`); none if none is set.
    pub data_dir: Option<PathBuf>,
    /// Where compiled programs are kept (`PYROXENE_CACHE`, or below `XDG_CACHE_HOME` or `HOME`); none if they are not.
    pub cache: Option<PathBuf>,
    /// How many bytes of them are kept (`PYROXENE_CACHE_SIZE`); none is as many as the table says.
    pub cache_size: Option<u64>,
    /// Where stages write their programs (`PYROXENE_DUMP`).
    pub dump: Option<PathBuf>,
    /// Which stages write them (`PYROXENE_DUMP_PASS`); none is all.
    pub dump_pass: Option<Pattern>,
    /// Optional passes to leave out (`PYROXENE_DISABLE_PASS`).
    pub disabled_passes: Vec<String>,
    /// How many optional passes run for each query (`PYROXENE_PASS_LIMIT`).
    pub pass_limit: Option<usize>,
    /// What is made of likely mistakes (`PYROXENE_VALIDATE`).
    pub validate: Validate,
    /// Whether programs become kernels on CPUs (`PYROXENE_ONE_KERNEL`).
    pub one_kernel: OneKernel,
    /// How much XLA optimises (`PYROXENE_OPT_LEVEL`); none is as the platform needs.
    pub opt_level: Option<OptLevel>,
    /// Plugins by platform (`PJRT_NAMES_AND_LIBRARY_PATHS`).
    pub named_plugins: Vec<(String, PathBuf)>,
    /// Whether the user's own `XLA_FLAGS` say what becomes part of CUDA graphs.
    pub sets_command_buffers: bool,
    /// The directories in which `python3` and `pip` are looked for (`PATH`).
    pub search_path: Option<OsString>,
}

impl Options {
    /// How programs are to be compiled for a platform under these options.
    ///
    /// On GPUs whole loops become CUDA graphs, which would otherwise ask the host at each round whether to go on: a sampler's
    /// run took 1.5 s so and 2.4 s without. `XLA_FLAGS` may say otherwise.
    ///
    /// On CPUs the first level compiles in two thirds to four fifths of the time of the third and no program was seen to run
    /// slower; level 0 in half the time of the first, for code of a third of the speed or less. A backend that is no PJRT
    /// plugin cannot pass on the level of one program, and has XLA's own.
    pub fn compile_options(&self, platform: &Platform, effort: Effort) -> CompileOptions {
        let on_cpu = platform.is_cpu() && platform.c_api.is_some();
        let usual = match effort {
            _ if !on_cpu => OptLevel::default(),
            Effort::Full => OptLevel::O1,
            Effort::Least => OptLevel::O0,
        };
        let mut options =
            CompileOptions { opt_level: self.opt_level.unwrap_or(usual), ..CompileOptions::default() };
        if platform.name == "cuda" && !self.sets_command_buffers {
            options
                .flags
                .insert(COMMAND_BUFFERS.to_string(), FlagValue::Text(IN_COMMAND_BUFFERS.to_string()));
        }
        options
    }

    /// The platform to run on.
    pub fn platform(&self) -> &str {
        self.platform.as_deref().unwrap_or(CPU)
    }

    /// The options of this process.
    ///
    /// # Errors
    /// When a variable's value has the wrong form.
    pub fn of_process() -> Result<Options, OptionError> {
        Options::from_environment(&Environment::of_process())
    }

    /// The options that an environment spells out.
    ///
    /// # Errors
    /// When a variable's value has the wrong form.
    ///
    /// ```
    /// use pyroxene_runtime::options::{Environment, InstallPolicy, Options};
    /// let pairs = [("PYROXENE_PLUGIN_INSTALL", "never"), ("HOME", "/home/ada")];
    /// let options = Options::from_environment(&Environment::from_pairs(pairs))?;
    /// assert_eq!(options.install, InstallPolicy::Never);
    /// assert_eq!(options.data_dir.as_deref(), Some("/home/ada/.local/share/pyroxene".as_ref()));
    /// # Ok::<(), pyroxene_runtime::options::OptionError>(())
    /// ```
    pub fn from_environment(environment: &Environment) -> Result<Options, OptionError> {
        let path = |name| environment.get(name).map(PathBuf::from);
        let install = match text(environment, "PYROXENE_PLUGIN_INSTALL").as_deref() {
            None | Some("auto") => InstallPolicy::Auto,
            Some("never") => InstallPolicy::Never,
            Some(found) => return Err(wrong("PYROXENE_PLUGIN_INSTALL", found)),
        };
        let one_kernel = match text(environment, "PYROXENE_ONE_KERNEL").as_deref() {
            None | Some("auto") => OneKernel::Auto,
            Some("always") => OneKernel::Always,
            Some("never") => OneKernel::Never,
            Some(found) => return Err(wrong("PYROXENE_ONE_KERNEL", found)),
        };
        let opt_level = match text(environment, "PYROXENE_OPT_LEVEL").as_deref() {
            None => None,
            Some("0") => Some(OptLevel::O0),
            Some("1") => Some(OptLevel::O1),
            Some("2") => Some(OptLevel::O2),
            Some("3") => Some(OptLevel::O3),
            Some(found) => return Err(wrong("PYROXENE_OPT_LEVEL", found)),
        };
        let validate = match text(environment, "PYROXENE_VALIDATE").as_deref() {
            None => Validate::default(),
            Some("off") => Validate::Off,
            Some("loose") => Validate::Loose,
            Some("strict") => Validate::Strict,
            Some("error") => Validate::Error,
            Some(found) => return Err(wrong("PYROXENE_VALIDATE", found)),
        };
        // A relative one counts as none, as the XDG specification says.
        let below = |variable, at_home| {
            let named = path(variable).filter(|p| p.is_absolute());
            named.or_else(|| path("HOME").map(|p| p.join(at_home))).map(|p| p.join("pyroxene"))
        };
        let data_dir = path("PYROXENE_DATA_DIR").or_else(|| below("XDG_DATA_HOME", ".local/share"));
        let cache = path("PYROXENE_CACHE").or_else(|| below("XDG_CACHE_HOME", ".cache"));
        let cache_size = parsed(environment, "PYROXENE_CACHE_SIZE", megabytes)?;
        Ok(Options {
            backend: text(environment, "PYROXENE_BACKEND"),
            platform: text(environment, "PYROXENE_PLATFORM"),
            plugin: path("PYROXENE_PLUGIN"),
            install,
            data_dir,
            cache: cache.filter(|path| path.as_os_str() != "off"),
            cache_size,
            dump: path("PYROXENE_DUMP"),
            dump_pass: parsed(environment, "PYROXENE_DUMP_PASS", Pattern::new)?,
            disabled_passes: list(environment, "PYROXENE_DISABLE_PASS"),
            pass_limit: parsed(environment, "PYROXENE_PASS_LIMIT", |n| n.parse().ok())?,
            validate,
            one_kernel,
            opt_level,
            named_plugins: named_plugins(environment)?,
            sets_command_buffers: text(environment, "XLA_FLAGS").is_some_and(|f| f.contains(COMMAND_BUFFERS)),
            search_path: environment.get("PATH").map(OsStr::to_os_string),
        })
    }
}

fn named_plugins(environment: &Environment) -> Result<Vec<(String, PathBuf)>, OptionError> {
    const NAME: &str = "PJRT_NAMES_AND_LIBRARY_PATHS";
    let Some(list) = text(environment, NAME) else { return Ok(Vec::new()) };
    // As in JAX: a colon would be part of the path on Windows.
    let separator = if cfg!(windows) { ';' } else { ':' };
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let parsed = entries.map(|entry| match entry.split_once(separator) {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_string(), PathBuf::from(path)))
        }
        _ => Err(wrong(NAME, &list)),
    });
    parsed.collect()
}

fn text(environment: &Environment, name: &str) -> Option<String> {
    environment.get(name).map(|v| v.to_string_lossy().trim().to_string())
}

/// A variable's value as `parse` understands it.
fn parsed<T>(
    environment: &Environment,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, OptionError> {
    text(environment, name).map(|value| parse(&value).ok_or_else(|| wrong(name, &value))).transpose()
}

/// The parts of a variable's value between commas.
fn list(environment: &Environment, name: &str) -> Vec<String> {
    let value = text(environment, name).unwrap_or_default();
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(String::from).collect()
}

/// A number of megabytes in bytes.
fn megabytes(text: &str) -> Option<u64> {
    text.parse::<u64>().ok()?.checked_mul(MEGABYTE)
}

fn wrong(name: &'static str, found: &str) -> OptionError {
    let expected = VARIABLES.iter().find(|v| v.name == name).map_or("", |v| v.form);
    OptionError { name, expected, found: found.to_string() }
}

#[cfg(test)]
mod tests;
