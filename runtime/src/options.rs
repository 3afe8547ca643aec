//! Every environment variable that Pyroxene reads: one table, typed values, and the report of what is set.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use pyroxene_ir::passes::OneKernel;
use regex_lite::Regex;

use crate::backend::{CompileOptions, OptLevel, Platform};

/// One row of the table of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The variable's name.
    pub name: &'static str,
    /// The form of its value.
    pub form: &'static str,
    /// What holds when it is not set, or empty.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

const fn variable(
    name: &'static str,
    form: &'static str,
    default: &'static str,
    help: &'static str,
) -> Variable {
    Variable { name, form, default, help }
}

/// Every variable that is read, by us or (the `TF_` and `XLA_` ones) by the plugin; ours first.
pub const VARIABLES: &[Variable] = &[
    variable(
        "PYROXENE_BACKEND",
        "pjrt|xla-rs",
        "pjrt",
        "what runs programs: a PJRT plugin, or the crate `xla` where the feature `xla-rs` is built in",
    ),
    variable("PYROXENE_PLUGIN", "path", "search", "the PJRT plugin to load, before any other"),
    variable(
        "PYROXENE_PLUGIN_INSTALL",
        "auto|never",
        "auto",
        "whether the CPU plugin may be downloaded with pip when there is none",
    ),
    variable("PYROXENE_DATA_DIR", "directory", "XDG_DATA_HOME/pyroxene", "where installed plugins are kept"),
    variable(
        "PYROXENE_CACHE",
        "directory|off",
        "XDG_CACHE_HOME/pyroxene",
        "where compiled programs are kept for the next start",
    ),
    variable(
        "PYROXENE_CACHE_SIZE",
        "megabytes",
        "1024",
        "how much of them is kept; what was unused for longest goes first",
    ),
    variable("PYROXENE_DUMP", "directory", "none", "where programs are written after each stage"),
    variable(
        "PYROXENE_DUMP_PASS",
        "regular expression",
        "all",
        "the stages that PYROXENE_DUMP writes: those whose name it matches somewhere",
    ),
    variable(
        "PYROXENE_VALIDATE",
        "off|loose|strict|error",
        "loose",
        "what is said of models that are likely mistaken: nothing, sites in plates, all sites; or all as errors",
    ),
    variable("PYROXENE_DISABLE_PASS", "name,...", "none", "optional passes that are left out"),
    variable("PYROXENE_PASS_LIMIT", "number", "all", "how many optional passes run for each query, in order"),
    variable(
        "PYROXENE_ONE_KERNEL",
        "auto|always|never",
        "auto",
        "whether parts of a program become one function of machine code each on CPUs: where it pays, wherever it can be",
    ),
    variable(
        "PYROXENE_OPT_LEVEL",
        "0|1|2|3",
        "1 on CPUs, else 3",
        "how much XLA optimises a program: at 0 it runs slower, at 3 it compiles slower",
    ),
    variable(
        "PJRT_NAMES_AND_LIBRARY_PATHS",
        "name:path,...",
        "none",
        "PJRT plugins by platform, as JAX reads it",
    ),
    variable(
        "TF_CPP_MIN_LOG_LEVEL",
        "0|1|2|3",
        "2",
        "which of XLA's messages reach stderr: 0 all, 1 no notes, 2 no warnings, 3 no errors",
    ),
    variable("XLA_FLAGS", "flags", "none", "XLA's own options; an unknown one ends the process"),
    variable("XDG_DATA_HOME", "directory", "HOME/.local/share", "the user's data directory"),
    variable("XDG_CACHE_HOME", "directory", "HOME/.cache", "the user's directory of what can be made again"),
    variable("HOME", "directory", "none", "the user's home directory"),
    variable("PATH", "directories", "none", "where python3 and pip are looked for"),
];

const MEGABYTE: u64 = 1_000_000;
/// The default in the row of `PYROXENE_CACHE_SIZE`: thousands of small programs, hundreds of large ones.
pub(crate) const CACHE_SIZE: u64 = 1024 * MEGABYTE;

/// A variable with the value it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The variable.
    pub variable: Variable,
    /// Its value, if it is set and not empty.
    pub value: Option<String>,
}

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

/// A snapshot of environment variables; an empty value counts as none.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The variables of this process as they are now.
    pub fn of_process() -> Environment {
        Environment::from_pairs(std::env::vars_os())
    }

    /// The variables given.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Environment {
        Environment { values: pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect() }
    }

    /// The value of a variable, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.values.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// The table with current values.
    pub fn rows(&self) -> Vec<Row> {
        let value = |v: &Variable| self.get(v.name).map(|x| x.to_string_lossy().into_owned());
        VARIABLES.iter().map(|v| Row { variable: *v, value: value(v) }).collect()
    }

    /// Names that begin like ours and are not in the table: most likely misspelt.
    pub fn unknown(&self) -> Vec<String> {
        let names = self.values.keys().map(|name| name.to_string_lossy().into_owned());
        names
            .filter(|name| name.starts_with("PYROXENE_") && VARIABLES.iter().all(|v| v.name != name))
            .collect()
    }
}

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

/// What the variables say, typed. Settings made in a program start from here and win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The backend by name (`PYROXENE_BACKEND`): one that is built in or registered; none is `pjrt`.
    pub backend: Option<String>,
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
    /// The directories in which `python3` and `pip` are looked for (`PATH`).
    pub search_path: Option<OsString>,
}

impl Options {
    /// How programs are to be compiled for a platform under these options.
    ///
    /// On CPUs the first level compiles in two thirds to four fifths of the time of the third and no program was seen to run
    /// slower. A backend that is no PJRT plugin cannot pass on the level of one program, and has XLA's own.
    pub fn compile_options(&self, platform: &Platform) -> CompileOptions {
        let on_cpu = platform.name == "cpu" && platform.c_api.is_some();
        let usual = if on_cpu { OptLevel::O1 } else { OptLevel::default() };
        CompileOptions { opt_level: self.opt_level.unwrap_or(usual), ..CompileOptions::default() }
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
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Result<Options, OptionError> {
        Options::from_environment(&Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn nothing_set_gives_defaults() {
        assert_eq!(options(&[]), Ok(Options::default()));
        assert_eq!(options(&[("PYROXENE_PLUGIN", ""), ("PYROXENE_OPT_LEVEL", "")]), Ok(Options::default()));
    }

    #[test]
    fn level_is_the_platforms_unless_it_is_given() {
        let platform = |name: &str, c_api| Platform {
            name: name.into(),
            version: String::new(),
            devices: Vec::new(),
            plugin: None,
            origin: String::new(),
            c_api,
        };
        let level = |pairs: &[(&str, &str)], platform: &Platform| {
            options(pairs).map(|options| options.compile_options(platform).opt_level)
        };
        let (cpu, gpu) = (platform("cpu", Some((0, 115))), platform("cuda", Some((0, 112))));
        assert_eq!(level(&[], &cpu), Ok(OptLevel::O1));
        assert_eq!(level(&[], &gpu), Ok(OptLevel::O3));
        assert_eq!(level(&[], &platform("cpu", None)), Ok(OptLevel::O3));
        assert_eq!(level(&[("PYROXENE_OPT_LEVEL", "2")], &cpu), Ok(OptLevel::O2));
    }

    #[test]
    fn data_directory_is_the_first_that_is_set() {
        let all = [("HOME", "/h"), ("XDG_DATA_HOME", "/x"), ("PYROXENE_DATA_DIR", "/p")];
        let found = |n| options(&all[..n]).map(|o| o.data_dir);
        assert_eq!(found(1), Ok(Some("/h/.local/share/pyroxene".into())));
        assert_eq!(found(2), Ok(Some("/x/pyroxene".into())));
        assert_eq!(found(3), Ok(Some("/p".into())));
    }

    #[test]
    fn relative_xdg_directory_is_ignored_as_its_standard_asks() {
        let found = options(&[("HOME", "/h"), ("XDG_DATA_HOME", "x")]).map(|o| o.data_dir);
        assert_eq!(found, Ok(Some("/h/.local/share/pyroxene".into())));
    }

    #[test]
    fn levels_of_validation_are_in_order_and_others_are_refused() {
        let found = |level| options(&[("PYROXENE_VALIDATE", level)]).map(|o| o.validate);
        let levels: Result<Vec<Validate>, _> =
            ["off", "loose", "strict", "error"].into_iter().map(found).collect();
        assert_eq!(levels, Ok(vec![Validate::Off, Validate::Loose, Validate::Strict, Validate::Error]));
        let told = found("warn").map_err(|e| e.to_string());
        assert_eq!(
            told,
            Err("the environment variable PYROXENE_VALIDATE is `warn`, expected off|loose|strict|error"
                .into())
        );
    }

    #[test]
    fn plugins_by_platform() {
        let found =
            options(&[("PJRT_NAMES_AND_LIBRARY_PATHS", "cpu:/p.so, cuda:/q.so,")]).map(|o| o.named_plugins);
        assert_eq!(found, Ok(vec![("cpu".into(), "/p.so".into()), ("cuda".into(), "/q.so".into())]));
        assert!(options(&[("PJRT_NAMES_AND_LIBRARY_PATHS", "/p.so")]).is_err());
    }

    #[test]
    fn wrong_value_names_variable_and_form() {
        let message = |pair| options(&[pair]).map_err(|e| e.to_string());
        assert_eq!(
            message(("PYROXENE_PLUGIN_INSTALL", "no")),
            Err("the environment variable PYROXENE_PLUGIN_INSTALL is `no`, expected auto|never".into())
        );
        assert_eq!(
            message(("PYROXENE_OPT_LEVEL", "9")),
            Err("the environment variable PYROXENE_OPT_LEVEL is `9`, expected 0|1|2|3".into())
        );
    }

    #[test]
    fn cache_is_off_by_name_and_has_a_size() {
        let cache = |pairs: &[(&str, &str)]| options(pairs).map(|o| (o.cache, o.cache_size));
        assert_eq!(cache(&[("HOME", "/h")]), Ok((Some("/h/.cache/pyroxene".into()), None)));
        let pairs = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("PYROXENE_CACHE_SIZE", "20")];
        assert_eq!(cache(&pairs), Ok((Some("/x/pyroxene".into()), Some(20_000_000))));
        assert_eq!(cache(&[("HOME", "/h"), ("PYROXENE_CACHE", "here")]), Ok((Some("here".into()), None)));
        assert_eq!(cache(&[("HOME", "/h"), ("PYROXENE_CACHE", "off")]), Ok((None, None)));
        for wrong in ["1 GB", "-1", "99999999999999999"] {
            assert!(cache(&[("PYROXENE_CACHE_SIZE", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn passes_are_chosen_by_name_and_number() {
        let found = options(&[
            ("PYROXENE_DUMP_PASS", "^(vjp|low)"),
            ("PYROXENE_DISABLE_PASS", "fold, dce,"),
            ("PYROXENE_PASS_LIMIT", "0"),
        ]);
        let found = found.map(|o| (o.dump_pass, o.disabled_passes, o.pass_limit));
        let (pattern, names, limit) = found.unwrap_or_default();
        assert!(pattern.is_some_and(|p| p.matches("lowered") && p.matches("vjp") && !p.matches("flow")));
        assert_eq!((names, limit), (vec!["fold".to_string(), "dce".into()], Some(0)));
        assert!(options(&[("PYROXENE_DUMP_PASS", "(")]).is_err());
        assert!(options(&[("PYROXENE_PASS_LIMIT", "-1")]).is_err());
    }

    #[test]
    fn misspelt_variables_are_listed() {
        let environment =
            Environment::from_pairs([("PYROXENE_PLUGINS", "x"), ("PYROXENE_DUMP", "y"), ("OTHER", "z")]);
        assert_eq!(environment.unknown(), ["PYROXENE_PLUGINS"]);
        let row = environment.rows().into_iter().find(|r| r.variable.name == "PYROXENE_DUMP");
        assert_eq!(row.and_then(|r| r.value).as_deref(), Some("y"));
    }
}
