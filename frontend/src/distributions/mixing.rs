//! What mixtures share: the probabilities of components, and sums over them.

use pyroxene_ir::Dims;

use super::{CategoricalLogits, CategoricalProbs, Distribution, Param, vectors::last_dim};
use crate::{random::Key, tensor::Tensor};

/// The probabilities of a mixture's components: a categorical distribution.
#[derive(Clone, Copy, Debug)]
pub struct Mixing {
    categorical: Categorical,
}

#[derive(Clone, Copy, Debug)]
enum Categorical {
    Probs(CategoricalProbs),
    Logits(CategoricalLogits),
}

impl From<CategoricalProbs> for Mixing {
    fn from(d: CategoricalProbs) -> Mixing {
        Mixing { categorical: Categorical::Probs(d) }
    }
}

impl From<CategoricalLogits> for Mixing {
    fn from(d: CategoricalLogits) -> Mixing {
        Mixing { categorical: Categorical::Logits(d) }
    }
}

impl Mixing {
    fn distribution(&self) -> &dyn Distribution {
        match &self.categorical {
            Categorical::Probs(d) => d,
            Categorical::Logits(d) => d,
        }
    }

    pub(super) fn param(&self) -> Param {
        let mut params = self.distribution().params();
        params.swap_remove(0)
    }

    /// The number of components.
    pub(super) fn size(&self) -> usize {
        last_dim(self.param().value)
    }

    pub(super) fn batch(&self) -> Dims {
        self.distribution().batch_shape().unwrap_or_default()
    }

    /// Probabilities along the last dimension.
    pub(super) fn probs(&self) -> Tensor {
        let value = self.param().value;
        match self.categorical {
            Categorical::Probs(_) => value,
            Categorical::Logits(_) => value.softmax(-1),
        }
    }

    /// `ln Σ pₖ exp(lₖ)` over the last dimension. A component that has no density there takes no part, in derivatives
    /// either; of one with probability zero the derivative by that probability is the true one.
    pub(super) fn log_sum(&self, log_probs: Tensor) -> Tensor {
        let absent = log_probs.equal(f64::NEG_INFINITY);
        let log_probs = absent.select(f64::NEG_INFINITY, log_probs);
        let value = self.param().value;
        if matches!(self.categorical, Categorical::Logits(_)) {
            return (value.log_softmax(-1) + log_probs).logsumexp_axis(-1);
        }
        let joint = value.equal(0.0).select(f64::NEG_INFINITY, value.log() + log_probs);
        let top = joint.max_axis(crate::keepdims(-1)).stop_gradient();
        let top = top.is_finite().select(top, 0.0);
        // Relative to the largest term; a factor far above it comes with a small probability.
        let half = (0.5 * (log_probs - top)).minimum(700.0);
        let factor = half.exp();
        let sum = (value * factor * factor).sum_axis(-1);
        sum.log() + top.squeeze(-1) - value.sum_axis(-1).log()
    }

    /// The mean of `x` over the components in its dimension `axis`.
    fn mean_over(&self, x: Tensor, event_rank: usize) -> Tensor {
        let probs = (0..event_rank).fold(self.probs(), |p, _| p.expand_dims(-1));
        (probs * x).sum_axis(-(event_rank as isize) - 1)
    }

    /// Of draws of all components, with these along dimension `−event_rank − 1`, those of drawn components.
    pub(super) fn chosen(
        &self,
        key: Key,
        draws: Tensor,
        dims: &[usize],
        event_rank: usize,
    ) -> Option<Tensor> {
        let index = self.distribution().sample_expanded(key, &[], dims)?;
        let index = (0..=event_rank).fold(index, |i, _| i.expand_dims(-1));
        let axis = -(event_rank as isize) - 1;
        let mut whole = draws.dims();
        let at = whole.len().checked_sub(event_rank + 1)?;
        whole[at] = 1;
        Some(draws.take_along_axis(index.broadcast_to(&whole), axis).squeeze(axis))
    }
}

/// What a mixture of one family and one of several have in common.
pub(super) trait Components {
    fn mixing(&self) -> Mixing;
    fn event_rank(&self) -> usize;
    /// The components' log densities, side by side in a last dimension.
    fn log_probs(&self, value: Tensor) -> Tensor;
    /// A quantity of each component, side by side left of the event.
    fn each(&self, f: &dyn Fn(&dyn Distribution) -> Option<Tensor>) -> Option<Tensor>;

    fn mixed_mean(&self) -> Option<Tensor> {
        Some(self.mixing().mean_over(self.each(&|d| d.mean())?, self.event_rank()))
    }

    fn mixed_variance(&self) -> Option<Tensor> {
        let (means, axis) = (self.each(&|d| d.mean())?, -(self.event_rank() as isize) - 1);
        let away = (means - self.mixed_mean()?.expand_dims(axis)).square();
        Some(self.mixing().mean_over(self.each(&|d| d.variance())? + away, self.event_rank()))
    }
}
