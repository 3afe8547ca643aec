//! What keeps a chain from starting, in words: which site, on which line, with which numbers.

use std::fmt;

use pyroxene_frontend::Loc;

/// The number of causes a message shows.
const SHOWN: usize = 5;

/// No initial position with a finite log density and gradient was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", message(self))]
pub struct InitError {
    /// The chain, from 0; none where a guide is to begin.
    pub chain: Option<usize>,
    /// The number of positions tried.
    pub tries: usize,
    /// The log density at the last of them.
    pub log_density: f64,
    /// What is not finite at the last of them, in program order.
    pub causes: Vec<Cause>,
}

/// A site to blame.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The site.
    pub site: String,
    /// The line that states it.
    pub loc: Option<Loc>,
    /// What is wrong there.
    pub problem: Problem,
    /// The number found: NaN or an infinity.
    pub found: f64,
    /// The index of the first one; empty for a scalar.
    pub index: Vec<usize>,
    /// How many elements are not finite.
    pub count: usize,
    /// Of how many elements.
    pub of: usize,
}

/// What of a site is not finite.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// Its log density.
    LogDensity {
        /// The site's value at the index.
        value: Option<f64>,
        /// The parameter outside its domain, or the value outside the support, where that is why.
        reason: Option<String>,
    },
    /// The log determinant of the Jacobian of the map from unconstrained space to its support.
    Jacobian,
    /// The derivative of the whole log density by the site's unconstrained value.
    Gradient {
        /// The line of the operation that is not finite first, where it is known.
        operation: Option<Loc>,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(loc) = &self.loc {
            write!(f, "{loc}: ")?;
        }
        let what = match &self.problem {
            Problem::LogDensity { .. } => "the log density",
            Problem::Jacobian => "the log determinant of its transform",
            Problem::Gradient { .. } => "the gradient with respect to it",
        };
        write!(f, "site `{}`: {what} is {}", self.site, self.found)?;
        if !self.index.is_empty() {
            write!(f, " at index {:?}", self.index)?;
        }
        if self.of > 1 {
            write!(f, " ({} of {} elements)", self.count, self.of)?;
        }
        match &self.problem {
            Problem::LogDensity { value, reason } => {
                if let Some(value) = value {
                    write!(f, ", where its value is {}", Short(*value))?;
                }
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Problem::Gradient { operation: Some(loc) } => write!(f, "; it arises at {loc}"),
            Problem::Gradient { operation: None } | Problem::Jacobian => Ok(()),
        }
    }
}

/// A number in a message: five significant digits are enough to recognise it.
pub(super) struct Short(pub(super) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.0;
        let rounded: f64 = format!("{x:.4e}").parse().unwrap_or(x);
        if x == 0.0 || (1e-4..1e6).contains(&x.abs()) {
            write!(f, "{rounded}")
        } else {
            write!(f, "{rounded:e}")
        }
    }
}

fn message(error: &InitError) -> String {
    let mut text = format!(
        "cannot find valid initial parameters: {}none of {} positions drawn from uniform(-2, 2) on the unconstrained \
         space has a finite log density and gradient; at the last one",
        error.chain.map(|chain| format!("in chain {chain}, ")).unwrap_or_default(),
        error.tries
    );
    for cause in error.causes.iter().take(SHOWN) {
        text.push_str(&format!("\n  {cause}"));
    }
    match error.causes.len() {
        0 => text.push_str(&format!(" the log density is {}, though no site's own is", error.log_density)),
        n if n > SHOWN => text.push_str(&format!("\n  and {} more sites", n - SHOWN)),
        _ => {}
    }
    let smooth = |cause: &Cause| matches!(cause.problem, Problem::Gradient { .. });
    text.push_str(if !error.causes.is_empty() && error.causes.iter().all(smooth) {
        "\nhelp: the log density is finite, its derivative is not: keep away from places where a function's slope is \
         infinite (the square root of 0), or `select` a safe argument before it"
    } else {
        "\nhelp: keep each distribution's parameters in their domain, and each value in its support, wherever the \
         latent sites may be: by `exp` or another transform, a prior on the right support, or a change of scale"
    });
    text
}
