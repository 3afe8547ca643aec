//! Mixtures of distributions of one family, with the component summed out.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc, shape};

use super::{Distribution, Mixing, Param, is_poisoned, mixing::Components};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A mixture of distributions of one family, whose last batch dimension are the components (NumPyro's
/// `MixtureSameFamily`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log_prob = eval(|| {
///     let components = Normal::new([-1.0, 1.0], 1.0);
///     MixtureSameFamily::new(CategoricalProbs::new([0.5, 0.5]), components).log_prob(Tensor::from(0.0))
/// })?;
/// assert!((log_prob.to_f64_vec()[0] + 0.5 * (2.0 * std::f64::consts::PI).ln() + 0.5).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MixtureSameFamily {
    mixing: Mixing,
    components: Rc<dyn Distribution>,
}

impl MixtureSameFamily {
    /// The components' probabilities, a categorical distribution, and the components along the last batch dimension.
    ///
    /// # Errors
    /// Recorded when the numbers of components differ.
    #[track_caller]
    pub fn new(mixing: impl Into<Mixing>, components: impl Distribution) -> MixtureSameFamily {
        let (mixing, components) = (mixing.into(), Rc::new(components));
        let batch = components.batch_shape().unwrap_or_default();
        let size = mixing.size();
        let poisoned = mixing.param().value.is_poison() || is_poisoned(&*components);
        if batch.last() != Some(&size) && !poisoned {
            let kind = ErrorKind::Shape {
                what: "the components of MixtureSameFamily".into(),
                found: batch.to_vec(),
                expected: format!("a batch whose last size is {size}, the number of probabilities"),
                help: "components lie along the last batch dimension".into(),
            };
            fail(kind, Loc::caller());
        }
        MixtureSameFamily { mixing, components }
    }
}

impl Components for MixtureSameFamily {
    fn mixing(&self) -> Mixing {
        self.mixing
    }

    fn event_rank(&self) -> usize {
        self.components.event_shape().len()
    }

    fn log_probs(&self, value: Tensor) -> Tensor {
        self.components.log_prob(value.expand_dims(-(self.event_rank() as isize) - 1))
    }

    fn each(&self, f: &dyn Fn(&dyn Distribution) -> Option<Tensor>) -> Option<Tensor> {
        f(&*self.components)
    }
}

impl Distribution for MixtureSameFamily {
    fn name(&self) -> String {
        format!("MixtureSameFamily({})", self.components.name())
    }

    fn params(&self) -> Vec<Param> {
        // Seen from this batch, a parameter of the components spans them too.
        let wider = |p: Param| Param { constraint: constraints::independent(p.constraint, 1), ..p };
        std::iter::once(self.mixing.param()).chain(self.components.params().into_iter().map(wider)).collect()
    }

    fn support(&self) -> Support {
        self.components.support()
    }

    fn batch_shape(&self) -> Option<Dims> {
        let mut own = self.components.batch_shape()?;
        own.pop();
        shape::broadcast(&self.mixing.batch(), &own)
    }

    fn event_shape(&self) -> Dims {
        self.components.event_shape()
    }

    fn dtype(&self) -> DType {
        self.components.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        self.mixing.log_sum(self.log_probs(value))
    }

    fn has_rsample(&self) -> bool {
        false
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [key_components, key_choice] = key.split();
        let dims = super::draw_dims(self, sample_shape);
        let mut whole = dims.clone();
        whole.push(self.mixing.size());
        let draws = self.components.sample_expanded(key_components, &[], &whole)?;
        self.mixing.chosen(key_choice, draws, &dims, self.event_rank())
    }

    fn mean(&self) -> Option<Tensor> {
        self.mixed_mean()
    }

    fn variance(&self) -> Option<Tensor> {
        self.mixed_variance()
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let below = self.components.cdf(value.expand_dims(-1))?;
        Some((self.mixing.probs() * below).sum_axis(-1))
    }
}
