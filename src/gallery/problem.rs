//! A model with its data, types erased: what lets one command run them all.

use std::sync::Arc;

use crate::{Array, Bound, Error, Program, Spec, Tensor, Tree, runtime::Backend, spec};

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
}

struct Typed<D, T> {
    model: fn(&D),
    data: T,
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
    Box::new(Typed { model, data })
}
