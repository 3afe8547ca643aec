//! Guides: the families of distributions that variational inference fits to a posterior.

use std::{fmt, sync::Arc};

use pyroxene_frontend::{Array, Bound, Program, RngKey, Spec, Tensor, Tree, spec};

use super::error::SviError;

/// What makes initial values of a guide's parameters, by name and on their constraints, from the model with its data and
/// the guide's key.
pub type InitParams = Arc<dyn Fn(&Bound, RngKey) -> Result<Vec<(String, Array)>, SviError> + Send + Sync>;

/// A guide recorded for a model's data.
#[derive(Clone)]
pub struct GuideProgram {
    /// Its recording. The data it takes are some of the model's, under the same paths.
    pub program: Program,
    /// Initial values of parameters in place of those that are recorded, for guides that find them by computing; the key
    /// is the one that seeds the guide at [`Svi::init`](super::Svi::init).
    pub init_params: Option<InitParams>,
}

impl GuideProgram {
    /// A guide whose parameters begin where it is recorded that they do.
    pub fn new(program: Program) -> GuideProgram {
        GuideProgram { program, init_params: None }
    }
}

impl fmt::Debug for GuideProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuideProgram").field("program", &self.program).finish_non_exhaustive()
    }
}

/// A guide for models of data `D`: a function of the data, written like a model, or one that is made from the model.
///
/// Its latent sites have the names and types of the model's; what it does not name, the model draws from its prior.
pub trait Guide<D: Tree<Tensor>> {
    /// Records the guide for a model that has its data.
    ///
    /// # Errors
    /// When the guide is wrong, or does not fit the model or the data.
    fn record(&self, model: &Bound, data: &D::With<Array>) -> Result<GuideProgram, SviError>;
}

impl<D, F> Guide<D> for F
where
    F: Fn(&D),
    D: Tree<Tensor>,
    D::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    fn record(&self, _model: &Bound, data: &D::With<Array>) -> Result<GuideProgram, SviError> {
        let program = Program::trace(|d: &D| self(d), &spec(data)).map_err(pyroxene_frontend::Error::from)?;
        program.check(data)?;
        Ok(GuideProgram::new(program))
    }
}
