//! A model with its data, types erased: what lets one command run them all.

use std::sync::Arc;

use crate::{
    Array, Bound, Error, Program, Spec, Tensor, Tree,
    data::{DataFile, DataFileError},
    inspect::{PlateWarning, ValidationResult},
    runtime::Backend,
    spec,
};

/// A model with its data.
pub trait Problem {
    /// Runs the model function once and records it.
    ///
    /// # Errors
    /// What is wrong in the model, each with its line.
    fn trace(&self) -> Result<Program, Error>;

    /// Binds the data to a recording of this model.
    ///
    /// # Errors
    /// As [`Program::bind`].
    fn bind(&self, program: &Program, backend: &Arc<dyn Backend>) -> Result<Bound, Error>;

    /// What is wrong and what is odd about a recording of this model and the data.
    fn validate(&self, program: &Program) -> ValidationResult;

    /// The fields of the data's file that the model does not read.
    fn unread(&self) -> &[String];
}

struct Typed<D, T> {
    model: fn(&D),
    data: T,
    unread: Vec<String>,
}

impl<D, T> Problem for Typed<D, T>
where
    D: Tree<Tensor>,
    T: Tree<Array>,
    T::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    fn trace(&self) -> Result<Program, Error> {
        Ok(Program::trace(self.model, &spec(&self.data))?)
    }

    fn bind(&self, program: &Program, backend: &Arc<dyn Backend>) -> Result<Bound, Error> {
        program.bind(&self.data, backend)
    }

    fn validate(&self, program: &Program) -> ValidationResult {
        program.validate(&self.data, PlateWarning::default())
    }

    fn unread(&self) -> &[String] {
        &self.unread
    }
}

/// A model function with data for it, as one value.
///
/// ```
/// use pyroxene::{gallery::problem, prelude::*};
/// # fn main() -> Result<(), pyroxene::Error> {
/// fn model(y: &Tensor) {
///     let mu = sample("mu", Normal::new(0.0, 1.0));
///     sample("y", Normal::new(mu, 1.0).obs(*y));
/// }
/// let program = problem(model, Array::from([0.5, 1.5])).trace()?;
/// assert_eq!(program.layout()[0].name, "mu");
/// # Ok(()) }
/// ```
pub fn problem<D, T>(model: fn(&D), data: T) -> Box<dyn Problem>
where
    D: Tree<Tensor> + 'static,
    T: Tree<Array> + 'static,
    T::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    Box::new(Typed { model, data, unread: Vec::new() })
}

/// A model function with the data that a file has for it; without a file, a model that needs no data.
///
/// # Errors
/// When the file lacks a field or holds something else in it, or there is none and the model needs data.
pub fn read<D, T>(model: fn(&D), file: Option<&DataFile>) -> Result<Box<dyn Problem>, DataFileError>
where
    D: Tree<Tensor, With<Array> = T> + 'static,
    T: Tree<Array> + 'static,
    T::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    let Some(file) = file else {
        let data: T = DataFile::empty().read().map_err(|_| DataFileError::Needed)?;
        return Ok(problem(model, data));
    };
    let data: T = file.read()?;
    let unread = file.unread(&data).into_iter().map(str::to_owned).collect();
    Ok(Box::new(Typed { model, data, unread }))
}
