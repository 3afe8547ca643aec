//! The gallery: known posteriors as models with their data, one file each, for the command, the tests and the benches.
//!
//! A model's file holds its data's type, its function, its data and an [`Entry`]. Names and parameters are
//! posteriordb's, and latent sites come in the order of posteriordb's parameters, so that its records compare directly.

mod fields;
mod problem;

pub use fields::{FieldError, Fields};
pub use problem::{Problem, problem};

use crate::{Bound, runtime::default_backend};

macro_rules! gallery { ($($module:ident),* $(,)?) => {
    $(pub mod $module;)*

    /// Every model of the gallery.
    pub const GALLERY: &[Entry] = &[$($module::ENTRY),*];
} }

gallery! {
    eight_schools_noncentered,
    eight_schools_centered,
    kidscore_momiq,
    radon_variable_intercept_slope_noncentered,
    wells_dist,
}

/// A model with its data under a name, types erased: one row of a gallery.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The full name.
    pub name: &'static str,
    /// Shorter names.
    pub aliases: &'static [&'static str],
    /// One line on what it models.
    pub about: &'static str,
    /// Makes the model with its data.
    pub problem: fn() -> Result<Box<dyn Problem>, FieldError>,
}

impl Entry {
    /// Whether `name` is its name or an alias.
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|n| n == name)
    }

    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The model recorded and bound to its data on the default device.
    ///
    /// # Errors
    /// When the data lack a field, the model is wrong, the data do not fit it, or there is no device.
    pub fn bind(&self) -> Result<Bound, Error> {
        let problem = (self.problem)()?;
        let backend = default_backend().map_err(crate::Error::from)?;
        Ok(problem.bind(&problem.trace()?, &backend)?)
    }
}

/// The entry of `entries` with this name or alias.
pub fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.answers_to(name))
}

/// An entry could not be made ready to run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Its data file is not what its model expects.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The model, its data or the device failed.
    #[error(transparent)]
    Program(#[from] crate::Error),
}
