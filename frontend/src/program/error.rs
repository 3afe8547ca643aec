//! The errors of the stages from trace to run.

use std::fmt::Write;

use pyroxene_ir::{
    Array, Loc, Ty,
    eval::EvalError,
    passes::{Check, Lint, PassError, SettingError},
    shape,
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
    #[error("{}", lines(.0))]
    Checks(Vec<CheckFailure>),
    /// The model is likely mistaken, and `PYROXENE_VALIDATE` asks for an error.
    #[error("{}", lines(.0))]
    Lints(Vec<Lint>),
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
        write!(f, "{}; help: correct the data, or `mask` the elements", self.breach())
    }
}

impl CheckFailure {
    /// What the results of a condition say: nothing where it holds.
    pub(super) fn of(row: &Check, holds: &Array, tested: &Array) -> Option<CheckFailure> {
        let truth = holds.as_slice::<bool>()?;
        let first = truth.iter().position(|t| !t)?;
        // A condition on events has fewer elements than the tested values: show the event's first one.
        let stride = (tested.len() / holds.len().max(1)).max(1);
        Some(CheckFailure {
            site: row.site.clone(),
            subject: row.subject.clone(),
            expected: row.expected.clone(),
            index: shape::unravel(first, holds.dims()).to_vec(),
            found: tested.to_f64_vec().get(first * stride).copied().unwrap_or(f64::NAN),
            count: truth.iter().filter(|t| !**t).count(),
            loc: row.loc.clone(),
        })
    }

    /// What was expected, and what is there.
    pub(super) fn breach(&self) -> String {
        let mut text = format!("{}: expected {}, found {}", self.subject, self.expected, self.found);
        // Writing to a String cannot fail.
        if !self.index.is_empty() {
            let _ = write!(text, " at index {:?}", self.index);
        }
        if self.count > 1 {
            let _ = write!(text, " and {} more like it", self.count - 1);
        }
        text
    }
}

fn lines(list: &[impl ToString]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
