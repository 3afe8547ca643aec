//! `Minimize`: an optimiser whose step is a whole minimisation, in the graph.

use pyroxene_frontend::{Loc, Tensor, usage_error};

use super::{Evaluated, Objective, Optimizer};

mod bfgs;
mod line_search;
mod zoom;

pub use bfgs::{Bfgs, OptimizeResults, minimize};

/// An optimiser whose one step runs [`minimize`] on the loss (`numpyro.optim.Minimize`), for losses that are the same at
/// every evaluation: those of guides without random draws, or of `AutoLaplaceApproximation`.
///
/// A step keeps one key for all its evaluations, so a guide that draws is fitted to these draws alone.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// use pyroxene_inference::optim::{Minimize, Optimizer};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| {
///     let start = [Tensor::from(Array::from([3.0, -1.0]))];
///     let loss = |x: &[Tensor]| ((x[0] - 2.0).square().square().sum(), vec![]);
///     Minimize::default().eval_and_update(Tensor::from(Array::from(0i64)), &loss, &start, &[]).params[0]
/// })?;
/// assert!(x.to_f64_vec().iter().all(|x| (x - 2.0).abs() < 0.02));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: an objective with mutable state, which a search would change at every trial.
#[derive(Clone, Debug)]
pub struct Minimize {
    method: Bfgs,
    loc: Loc,
}

impl Minimize {
    /// With the settings of the search.
    #[must_use]
    #[track_caller]
    pub fn new(method: Bfgs) -> Minimize {
        Minimize { method, loc: Loc::caller() }
    }
}

impl Default for Minimize {
    /// JAX's settings.
    #[track_caller]
    fn default() -> Minimize {
        Minimize::new(Bfgs::default())
    }
}

impl Optimizer for Minimize {
    fn init(&self, _: &[Tensor]) -> Vec<Tensor> {
        Vec::new()
    }

    /// A gradient alone is not enough to search with: nothing moves.
    fn update(&self, _: Tensor, _: &[Tensor], params: &[Tensor], _: &[Tensor]) -> (Vec<Tensor>, Vec<Tensor>) {
        (params.to_vec(), Vec::new())
    }

    fn eval_and_update(
        &self,
        _: Tensor,
        objective: Objective<'_>,
        params: &[Tensor],
        _: &[Tensor],
    ) -> Evaluated {
        let evaluated = |loss, params| Evaluated { loss, aux: Vec::new(), params, state: Vec::new() };
        if params.is_empty() {
            return evaluated(self.only_loss(objective, &[]), Vec::new());
        }
        let flat: Vec<Tensor> = params.iter().map(|x| x.ravel()).collect();
        let loss = |x: Tensor| self.only_loss(objective, &unraveled(x, params));
        let found = minimize(loss, Tensor::concatenate(&flat), &self.method);
        evaluated(found.fun, unraveled(found.x, params))
    }

    /// As [`eval_and_update`](Optimizer::eval_and_update), but where the search ends at a loss or at parameters that are
    /// not finite, parameters stay and the loss is NaN.
    fn eval_and_stable_update(
        &self,
        step: Tensor,
        objective: Objective<'_>,
        params: &[Tensor],
        state: &[Tensor],
    ) -> Evaluated {
        let found = self.eval_and_update(step, objective, params, state);
        let finite = found.params.iter().fold(found.loss.is_finite(), |fine, x| fine & x.is_finite().all());
        let kept = found.params.iter().zip(params).map(|(new, old)| finite.select(*new, *old)).collect();
        Evaluated { loss: finite.select(found.loss, f64::NAN), params: kept, ..found }
    }
}

impl Minimize {
    /// The loss of an objective that returns nothing else.
    fn only_loss(&self, objective: Objective<'_>, params: &[Tensor]) -> Tensor {
        let (loss, aux) = objective(params);
        if aux.is_empty() {
            return loss;
        }
        let found = "`Minimize` of a loss with mutable state, which every trial of its search would change";
        let help =
            "use an optimiser that steps along gradients, such as `Adam`, or a model without `mutable`";
        usage_error(found, help, self.loc.clone())
    }
}

/// The tensors that lie one after the other in `flat`, with types and shapes of `like`.
fn unraveled(flat: Tensor, like: &[Tensor]) -> Vec<Tensor> {
    let ends: Vec<usize> = like
        .iter()
        .scan(0, |end, x| {
            *end += x.dims().iter().product::<usize>();
            Some(*end)
        })
        .collect();
    let parts = flat.split_at(ends.split_last().map_or(&[], |(_, inner)| inner), 0);
    parts.iter().zip(like).map(|(part, x)| part.reshape(&x.dims()).convert(x.dtype())).collect()
}
