//! The one table of environment variables, and a snapshot of their values.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

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
    variable(
        "PYROXENE_PLATFORM",
        "cpu|cuda|tpu",
        "cpu",
        "the platform to run on, whose plugin is looked for",
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
        "1 on CPUs, 0 there for short runs of small models, else 3",
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

/// A variable with the value it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The variable.
    pub variable: Variable,
    /// Its value, if it is set and not empty.
    pub value: Option<String>,
}

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
