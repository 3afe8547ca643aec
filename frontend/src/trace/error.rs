//! Errors of a traced model or function: what, where in the user's source, found against expected, and what to do.

use std::fmt;

use pyroxene_ir::{Loc, Ty, TypeError};

/// One root error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceError {
    /// The user's line.
    pub loc: Loc,
    /// The site concerned.
    pub site: Option<String>,
    /// The `sample` call during which a distribution's method failed.
    pub during: Option<Loc>,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Operands of an op do not fit.
    #[error("{0}")]
    Type(TypeError),
    /// Two shapes do not broadcast.
    #[error(
        "{op}: shapes {left:?} and {right:?} do not broadcast; help: sizes must agree from the right, or one of them be 1"
    )]
    Broadcast {
        /// The operation.
        op: &'static str,
        /// The left operand's dimensions.
        left: Vec<usize>,
        /// The right operand's dimensions.
        right: Vec<usize>,
    },
    /// A handle is used outside the trace that made it.
    #[error(
        "{op}: this tensor belongs to a trace that has ended, or to another thread; help: pass arrays in as data"
    )]
    Leaked {
        /// The operation.
        op: &'static str,
    },
    /// An operation on tensors outside any trace.
    #[error(
        "{op}: no model or function is being traced; help: call it in a model, or wrap the code in `eval(|| ...)`"
    )]
    NoTrace {
        /// The operation.
        op: &'static str,
    },
    /// A dimension that the tensor does not have.
    #[error("{op}: axis {axis} of a tensor with shape {dims:?}; help: axes run from -{rank} to {rank} exclusive", rank = dims.len())]
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis asked for.
        axis: isize,
        /// The tensor's dimensions.
        dims: Vec<usize>,
    },
    /// A site's name is taken.
    #[error(
        "the name is already used at {first}; help: every sample, deterministic and plate needs a name of its own"
    )]
    Duplicate {
        /// Where it was first used.
        first: Loc,
    },
    /// A site's shapes do not fit.
    #[error("{what}: found shape {found:?}, expected {expected}; help: {help}")]
    Shape {
        /// What has the shape.
        what: String,
        /// The shape.
        found: Vec<usize>,
        /// What was expected, in words.
        expected: String,
        /// What to do.
        help: String,
    },
    /// A primitive or handler is used wrongly.
    #[error("{found}; help: {help}")]
    Usage {
        /// What is wrong.
        found: String,
        /// What to do.
        help: String,
    },
}

impl ErrorKind {
    /// A value that cannot exist.
    pub(crate) fn too_large(ty: &Ty) -> ErrorKind {
        let found = format!("a value of type {ty} has more than 2^40 bytes");
        ErrorKind::Usage { found, help: "use smaller dimensions".into() }
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.during, &self.site) {
            (Some(during), Some(site)) => {
                write!(f, "{during}: site `{site}`: at {}: {}", self.loc, self.kind)
            }
            (_, Some(site)) => write!(f, "{}: site `{site}`: {}", self.loc, self.kind),
            (_, None) => write!(f, "{}: {}", self.loc, self.kind),
        }
    }
}

impl std::error::Error for TraceError {}

/// All root errors of one trace, in the order in which they happened; later ones may follow from earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceErrors(pub Vec<TraceError>);

impl fmt::Display for TraceErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let prefix = if i == 0 { "" } else { "\n(may follow from the above) " };
            write!(f, "{prefix}{error}")?;
        }
        if self.0.is_empty() {
            f.write_str("the traced function returned a tensor of another trace")?;
        }
        Ok(())
    }
}

impl std::error::Error for TraceErrors {}
