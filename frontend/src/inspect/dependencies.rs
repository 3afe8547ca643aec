//! `get_dependencies` and `get_model_relations`: the structure of a model, of its recording.

use pyroxene_ir::passes::{self, Dependencies, Relations};

use super::Drawing;
use crate::{
    Array, Spec, Tensor, Tree,
    program::{Data, Error, IntoModel, Program},
};

/// Which sites of a model depend on which others, in the prior and in the posterior (NumPyro's
/// `infer.inspect.get_dependencies`); deterministic sites and those of `Delta` are left out.
///
/// NumPyro lets nothing depend on what a latent `Delta` is made of; here dependencies pass through it.
///
/// ```
/// use pyroxene_frontend::{inspect::get_dependencies, prelude::*};
///
/// fn model(_: &()) {
///     let a = sample("a", Normal::new(0.0, 1.0));
///     let b = sample("b", LogNormal::new(0.0, 1.0));
///     let c = sample("c", Normal::new(a, b));
///     sample("d", Normal::new(c, 1.0).obs(0.0));
/// }
///
/// # fn main() -> Result<(), pyroxene_frontend::Error> {
/// let found = get_dependencies(model, &())?;
/// assert!(found.prior_dependencies["c"].keys().eq(["c", "a", "b"]));
/// // Once `d` is known, `a` tells about `b`: both make `c`.
/// assert!(found.posterior_dependencies["a"].contains_key("b"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// All root errors of the model, each with its line.
#[track_caller]
pub fn get_dependencies<D>(model: impl IntoModel<D>, data: &Data<D>) -> Result<Dependencies, Error>
where
    D: Tree<Tensor>,
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    Ok(model.into_model().trace(data)?.dependencies())
}

/// Random variables, parameters and plates of a model, and who reads whom (NumPyro's
/// `infer.inspect.get_model_relations`).
///
/// ```
/// use pyroxene_frontend::{inspect::get_model_relations, prelude::*};
///
/// fn model(y: &Tensor) {
///     let m = sample("m", Normal::new(0.0, 1.0));
///     let sd = sample("sd", LogNormal::new(m, 1.0));
///     plate("N", y.dim(0), |_| sample("obs", Normal::new(m, sd).obs(*y)));
/// }
///
/// # fn main() -> Result<(), pyroxene_frontend::Error> {
/// let found = get_model_relations(model, &Array::from([0.5, 1.5]))?;
/// assert_eq!(found.sample_sample["obs"], ["m", "sd"]);
/// assert_eq!(found.plate_sample["N"], ["obs"]);
/// assert_eq!(found.observed, ["obs"]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// All root errors of the model, each with its line.
#[track_caller]
pub fn get_model_relations<D>(model: impl IntoModel<D>, data: &Data<D>) -> Result<Relations, Error>
where
    D: Tree<Tensor>,
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    Ok(model.into_model().trace(data)?.relations())
}

/// The drawing of a model (NumPyro's `render_model`); see [`Drawing`].
///
/// # Errors
/// All root errors of the model, each with its line.
#[track_caller]
pub fn render_model<D>(model: impl IntoModel<D>, data: &Data<D>) -> Result<Drawing, Error>
where
    D: Tree<Tensor>,
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    Ok(model.into_model().trace(data)?.render())
}

impl Program {
    /// Which sites depend on which others; see [`get_dependencies`].
    pub fn dependencies(&self) -> Dependencies {
        passes::dependencies(self.graph())
    }

    /// Random variables, parameters and plates, and who reads whom; see [`get_model_relations`].
    pub fn relations(&self) -> Relations {
        passes::relations(self.graph())
    }

    /// The drawing of the program; see [`Drawing`].
    pub fn render(&self) -> Drawing {
        Drawing::of(self.graph())
    }
}
