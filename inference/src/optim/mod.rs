//! Optimisers: how parameters move down a loss, as functions of tensors that an algorithm records in its own graph.
//!
//! Names, defaults and arithmetic are those of `numpyro.optim`, which takes them from
//! `jax.example_libraries.optimizers`.

use pyroxene_frontend::{Tensor, vjp};

mod adagrad;
mod adam;
mod clipped_adam;
mod each;
mod minimize;
mod momentum;
mod rms_prop;
mod rms_prop_momentum;
mod schedules;
mod sgd;
mod sm3;

pub use adagrad::Adagrad;
pub use adam::Adam;
pub use clipped_adam::ClippedAdam;
pub use each::EachParameter;
pub use minimize::{Bfgs, Minimize, OptimizeResults, minimize};
pub use momentum::Momentum;
pub use rms_prop::RmsProp;
pub use rms_prop_momentum::RmsPropMomentum;
pub use schedules::*;
pub use sgd::Sgd;
pub use sm3::Sm3;

/// A loss of some parameters, and what else evaluating it gives (states of `mutable` sites), through which no gradient
/// flows.
pub type Objective<'a> = &'a dyn Fn(&[Tensor]) -> (Tensor, Vec<Tensor>);

/// How parameters follow their gradients: `numpyro.optim._NumPyroOptim` on flat lists of tensors.
///
/// All methods run while a graph is recorded, so an optimiser works under `jit`, `scan` and `while_loop`. What they
/// return has the types of what they were given, as carries of loops need. An optimiser that treats every parameter alone
/// implements [`EachParameter`] instead.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// use pyroxene_inference::optim::{Optimizer, Sgd};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let optimizer = Sgd::new(0.25);
/// let x = eval(|| {
///     let x = vec![Tensor::from(Array::from([4.0, 8.0]))];
///     let state = optimizer.init(&x);
///     let loss = |x: &[Tensor]| (x[0].square().sum(), vec![]);
///     optimizer.eval_and_update(Tensor::from(Array::from(0i64)), &loss, &x, &state).params[0]
/// })?;
/// assert_eq!(x.to_f64_vec(), [2.0, 4.0]);
/// # Ok(()) }
/// ```
pub trait Optimizer {
    /// The state before the first step.
    fn init(&self, params: &[Tensor]) -> Vec<Tensor>;

    /// The parameters and the state after step number `step`, an integer scalar that counts from 0, given the gradient of
    /// the loss by each parameter.
    fn update(
        &self,
        step: Tensor,
        grads: &[Tensor],
        params: &[Tensor],
        state: &[Tensor],
    ) -> (Vec<Tensor>, Vec<Tensor>);

    /// Evaluates a loss and takes one step down it.
    fn eval_and_update(
        &self,
        step: Tensor,
        objective: Objective<'_>,
        params: &[Tensor],
        state: &[Tensor],
    ) -> Evaluated {
        let (loss, aux, grads) = value_and_grads(objective, params);
        let (new_params, new_state) = self.update(step, &grads, params, state);
        Evaluated { loss, aux, params: new_params, state: new_state }
    }

    /// As [`eval_and_update`](Optimizer::eval_and_update), but where the loss or a gradient is not finite, parameters and
    /// state stay and the loss is NaN.
    fn eval_and_stable_update(
        &self,
        step: Tensor,
        objective: Objective<'_>,
        params: &[Tensor],
        state: &[Tensor],
    ) -> Evaluated {
        let (loss, aux, grads) = value_and_grads(objective, params);
        let finite = grads.iter().fold(loss.is_finite(), |fine, g| fine & g.is_finite().all());
        let (new_params, new_state) = self.update(step, &grads, params, state);
        let keep = |new: &[Tensor], old: &[Tensor]| {
            new.iter().zip(old).map(|(new, old)| finite.select(*new, *old)).collect()
        };
        Evaluated {
            loss: finite.select(loss, f64::NAN),
            aux,
            params: keep(&new_params, params),
            state: keep(&new_state, state),
        }
    }
}

/// What a step of an [`Optimizer`] leads to.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The loss at the parameters that the step started from; for [`Optimizer`]s that search, where they ended.
    pub loss: Tensor,
    /// What else the objective returned.
    pub aux: Vec<Tensor>,
    /// The parameters after the step.
    pub params: Vec<Tensor>,
    /// The optimiser's state after the step.
    pub state: Vec<Tensor>,
}

/// The loss, what else evaluating it gave, and its gradient by each parameter.
pub(crate) fn value_and_grads(
    objective: Objective<'_>,
    params: &[Tensor],
) -> (Tensor, Vec<Tensor>, Vec<Tensor>) {
    let differentiable = |params: &Vec<Tensor>| {
        let (loss, aux) = objective(params);
        (loss, aux.into_iter().map(Tensor::stop_gradient).collect::<Vec<_>>())
    };
    let ((loss, aux), pullback) = vjp(differentiable, &params.to_vec());
    let cotangents = (like(1.0, loss), aux.iter().map(|a| like(0.0, *a)).collect());
    let grads = pullback(&cotangents);
    (loss, aux, grads)
}

/// Every element `value`, in the type of `x`.
pub(crate) fn like(value: f64, x: Tensor) -> Tensor {
    Tensor::full(&x.dims(), value).convert(x.dtype())
}
