//! The errors of variational inference.

use std::fmt;

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Loc, Origin};

use super::state::SviState;
use crate::InitError;

/// An optimisation could not be made or finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SviError {
    /// The model, the guide, their data or the device is at fault.
    #[error(transparent)]
    Program(#[from] pyroxene_frontend::Error),
    /// The device failed while it ran.
    #[error(transparent)]
    Device(#[from] pyroxene_runtime::Error),
    /// A setting has a value it cannot have.
    #[error("`{setting}` is {found}, expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// Model and guide do not fit each other, or cannot be optimised.
    #[error("{}site `{site}`: {found}; help: {help}", place(.loc))]
    Site {
        /// The site.
        site: String,
        /// The user's line.
        loc: Option<Loc>,
        /// What is wrong.
        found: String,
        /// What to do about it.
        help: String,
    },
    /// No place to begin was found.
    #[error(transparent)]
    Init(Box<InitError>),
    /// Draws could not be stored.
    #[error(transparent)]
    Posterior(#[from] crate::results::PosteriorError),
    /// The loss, or what a step made of the parameters, ceased to be finite.
    #[error(transparent)]
    NotFinite(Box<LossNotFinite>),
}

/// The step at which a loss, or its gradient, ceased to be finite, with what had been reached before it.
#[derive(Clone, Debug)]
pub struct LossNotFinite {
    /// The step, from 0.
    pub step: usize,
    /// The loss there.
    pub loss: f64,
    /// The site whose line it is, where a site of model or guide stands there.
    pub site: Option<String>,
    /// Where it arises; none if the interpreter finds all finite, as where only the device overflows.
    pub origin: Option<Origin>,
    /// Whether it is the gradient that is not finite, while the loss is.
    pub in_gradient: bool,
    /// The state before that step.
    pub state: SviState,
    /// The parameters before it, on their constraints.
    pub params: IndexMap<String, Array>,
    /// The losses up to that step, which is the last one.
    pub losses: Vec<f64>,
}

impl std::error::Error for LossNotFinite {}

impl fmt::Display for LossNotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.in_gradient {
            true => "the loss is finite, but its gradient is not".to_string(),
            false => format!("the loss is {}", self.loss),
        };
        write!(f, "step {}: {what}", self.step)?;
        if let Some(origin) = &self.origin {
            write!(f, "\n{}", place(&origin.loc))?;
            if let Some(site) = &self.site {
                write!(f, "site `{site}`: ")?;
            }
            let part = if self.in_gradient { "in the gradient, " } else { "" };
            write!(f, "{part}{origin}")?;
        }
        let help = "take a smaller step size, constrain the parameter, or use `stable_update`; the parameters before this \
                    step are kept in the error";
        write!(f, "\nhelp: {help}")
    }
}

fn place(loc: &Option<Loc>) -> String {
    loc.as_ref().map(|loc| format!("{loc}: ")).unwrap_or_default()
}
