//! Optimisers that treat every parameter alone, which is most: the rule for one parameter, applied to a list.

use pyroxene_frontend::Tensor;

use super::{Optimizer, like};

/// An optimiser given by its rule for one parameter; it then is an [`Optimizer`].
pub trait EachParameter {
    /// The state for a parameter before the first step: tensors that need not have its shape.
    fn init_each(&self, x: Tensor) -> Vec<Tensor>;

    /// A parameter and its state after step number `step`, from its gradient `g` and its value `x` before.
    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>);
}

impl<T: EachParameter> Optimizer for T {
    /// The states of the parameters, one after the other.
    fn init(&self, params: &[Tensor]) -> Vec<Tensor> {
        params.iter().flat_map(|x| self.init_each(*x)).collect()
    }

    fn update(
        &self,
        step: Tensor,
        grads: &[Tensor],
        params: &[Tensor],
        state: &[Tensor],
    ) -> (Vec<Tensor>, Vec<Tensor>) {
        let (mut new_params, mut new_state, mut rest) = (Vec::new(), Vec::new(), state);
        for (x, g) in params.iter().zip(grads) {
            let own;
            (own, rest) = rest.split_at(self.init_each(*x).len().min(rest.len()));
            let (x, own) = self.update_each(step, *g, *x, own);
            new_params.push(x);
            new_state.extend(own);
        }
        (new_params, new_state)
    }
}

/// The `N` tensors of a parameter's state; zeros like `x` where there are fewer, as before the first step.
pub(super) fn slots<const N: usize>(state: &[Tensor], x: Tensor) -> [Tensor; N] {
    std::array::from_fn(|i| state.get(i).copied().unwrap_or_else(|| like(0.0, x)))
}

/// `1 / √x`, zero where `x` is not positive.
pub(super) fn inverse_root(x: Tensor) -> Tensor {
    x.greater(0.0).select(1.0 / x.sqrt(), 0.0)
}
