//! The errors of the stages from trace to run.

use pyroxene_ir::{
    Loc, Ty,
    eval::EvalError,
    passes::{PassError, SettingError},
};
use pyroxene_lowering::LowerError;

use crate::trace::TraceErrors;

/// A program could not be recorded, compiled, bound or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model or function is wrong.
    #[error(transparent)]
    Trace(#[from] TraceErrors),
    /// The recorded model cannot answer the query.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// The graph cannot be expressed in HLO.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The device or its plugin failed.
    #[error(transparent)]
    Runtime(#[from] pyroxene_runtime::Error),
    /// The data do not fit the program.
    #[error(transparent)]
    Data(Box<DataError>),
    /// The data break a condition that the model states.
    #[error("{}", failures(.0))]
    Checks(Vec<CheckFailure>),
    /// The interpreter refused a graph.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// An environment variable names a pass that cannot be left out.
    #[error("{variable}: {source}")]
    Setting {
        /// The variable.
        variable: &'static str,
        /// What is wrong with its value.
        source: SettingError,
    },
    /// A dump could not be written.
    #[error("{}: {source}; PYROXENE_DUMP names the directory", path.display())]
    Dump {
        /// The file.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Error {
        Error::Data(Box::new(error))
    }
}

/// Data whose structure is not the one the program was recorded with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A leaf has another type.
    #[error(
        "data `{leaf}`: expected {expected}, found {found}; help: convert or reshape it, or record the model anew"
    )]
    Type {
        /// The leaf's path.
        leaf: String,
        /// The type the program was recorded with.
        expected: Ty,
        /// The type found.
        found: Ty,
    },
    /// A leaf the program needs is absent.
    #[error("data `{leaf}` is missing; the program takes {known}")]
    Missing {
        /// The leaf's path.
        leaf: String,
        /// The leaves the program takes.
        known: String,
    },
    /// A leaf the program does not know.
    #[error("data `{leaf}` is not an input of the program; it takes {known}")]
    Unknown {
        /// The leaf's path.
        leaf: String,
        /// The leaves the program takes.
        known: String,
    },
    /// A value for a site has another type.
    #[error("site `{site}`: expected a value of type {expected}, found {found}")]
    SiteValue {
        /// The site.
        site: String,
        /// The type of its value.
        expected: Ty,
        /// The type given.
        found: Ty,
    },
    /// A site needs a value.
    #[error("site `{site}` needs a value of type {expected}; help: give one for each of {known}")]
    MissingSite {
        /// The site.
        site: String,
        /// The type of its value.
        expected: Ty,
        /// The sites that need values.
        known: String,
    },
    /// A position has another length than there are unconstrained coordinates.
    #[error(
        "a position has {expected} unconstrained coordinates, found {found}; help: `layout()` lists them by site"
    )]
    Position {
        /// The number of coordinates.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A site was asked for that there is not.
    #[error("the program has no site `{site}` to return; it has {known}")]
    NoSite {
        /// The name given.
        site: String,
        /// The sites there are.
        known: String,
    },
    /// A query over no draws at all.
    #[error("there are no draws to run the model for, expected at least one")]
    NoDraws,
    /// A value for a site that takes none.
    #[error("`{site}` is no site that takes a value here; those are {known}")]
    UnknownSite {
        /// The name given.
        site: String,
        /// The sites that take values.
        known: String,
    },
}

/// A condition on values that the data break.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckFailure {
    /// The site concerned.
    pub site: Option<String>,
    /// What breaks the condition.
    pub subject: String,
    /// What was expected.
    pub expected: String,
    /// The position of the first offending element.
    pub index: Vec<usize>,
    /// Its value.
    pub found: f64,
    /// How many elements offend.
    pub count: usize,
    /// The user's line.
    pub loc: Option<Loc>,
}

impl std::fmt::Display for CheckFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(loc) = &self.loc {
            write!(f, "{loc}: ")?;
        }
        if let Some(site) = &self.site {
            write!(f, "site `{site}`: ")?;
        }
        write!(f, "{}: expected {}, found {}", self.subject, self.expected, self.found)?;
        if !self.index.is_empty() {
            write!(f, " at index {:?}", self.index)?;
        }
        if self.count > 1 {
            write!(f, " and {} more like it", self.count - 1)?;
        }
        f.write_str("; help: correct the data, or `mask` the elements")
    }
}

fn failures(list: &[CheckFailure]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
