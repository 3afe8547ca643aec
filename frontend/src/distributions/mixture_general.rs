//! Mixtures of any distributions, with the component summed out.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc, shape};

use super::{Distribution, Mixing, Param, mixing::Components, spread};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A mixture of any distributions with events of the same dimensions (NumPyro's `MixtureGeneral`).
#[derive(Clone)]
pub struct MixtureGeneral {
    mixing: Mixing,
    components: Vec<Rc<dyn Distribution>>,
    support: Support,
}

impl MixtureGeneral {
    /// The components' probabilities, a categorical distribution, and the components. Their supports are taken to be the
    /// first one's; see [`MixtureGeneral::support_of`].
    ///
    /// # Errors
    /// Recorded when their number is not that of the probabilities, or their events differ.
    #[track_caller]
    pub fn new(
        mixing: impl Into<Mixing>,
        components: impl IntoIterator<Item = Rc<dyn Distribution>>,
    ) -> MixtureGeneral {
        let mixing = mixing.into();
        let components: Vec<Rc<dyn Distribution>> = components.into_iter().collect();
        let loc = Loc::caller();
        let usage = |found: String, help: &str| {
            fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
        };
        if components.len() != mixing.size() && !mixing.param().value.is_poison() {
            let (n, size) = (components.len(), mixing.size());
            let found = format!("MixtureGeneral: {n} components for {size} probabilities");
            usage(found, "give one component for each probability");
        }
        let events: Vec<Dims> = components.iter().map(|d| d.event_shape()).collect();
        if events.windows(2).any(|pair| pair[0] != pair[1]) {
            let list: Vec<String> = components
                .iter()
                .zip(&events)
                .map(|(d, event)| format!("{} {:?}", d.name(), event.as_slice()))
                .collect();
            let found = format!("MixtureGeneral: the events of {} differ", list.join(" and "));
            usage(found, "components need events of the same dimensions");
        }
        let support = components.first().map_or_else(constraints::real, |d| d.support());
        MixtureGeneral { mixing, components, support }
    }

    /// The same with values in `support` (NumPyro's `support`); a component has no density outside its own.
    pub fn support_of(self, support: Support) -> MixtureGeneral {
        MixtureGeneral { support, ..self }
    }
}

impl Components for MixtureGeneral {
    fn mixing(&self) -> Mixing {
        self.mixing
    }

    fn event_rank(&self) -> usize {
        self.event_shape().len()
    }

    fn log_probs(&self, value: Tensor) -> Tensor {
        let one = |d: &Rc<dyn Distribution>| {
            // A value that a component cannot have is replaced, so that nothing infinite reaches a derivative.
            let support = d.support();
            let inside = support.check(value);
            let wide = (0..support.event_dim()).fold(inside, |x, _| x.expand_dims(-1));
            let log_prob = d.log_prob(wide.select(value, support.feasible_like(value)));
            inside.select(log_prob, f64::NEG_INFINITY)
        };
        let log_probs: Vec<Tensor> = self.components.iter().map(one).collect();
        side_by_side(&log_probs, &self.batch_shape().unwrap_or_default(), -1)
    }

    fn each(&self, f: &dyn Fn(&dyn Distribution) -> Option<Tensor>) -> Option<Tensor> {
        let all: Option<Vec<Tensor>> = self.components.iter().map(|d| f(&**d)).collect();
        let mut dims = self.batch_shape().unwrap_or_default();
        dims.extend(self.event_shape());
        Some(side_by_side(&all?, &dims, -(self.event_rank() as isize) - 1))
    }
}

/// Tensors of at least the dimensions `dims` in a new dimension.
fn side_by_side(parts: &[Tensor], dims: &[usize], axis: isize) -> Tensor {
    let all = parts
        .iter()
        .fold(Dims::from_slice(dims), |dims, part| shape::broadcast(&dims, &part.dims()).unwrap_or(dims));
    let parts: Vec<Tensor> = parts.iter().map(|part| spread(*part, &all)).collect();
    Tensor::stack_axis(&parts, axis)
}

impl Distribution for MixtureGeneral {
    fn name(&self) -> String {
        let names: Vec<String> = self.components.iter().map(|d| d.name()).collect();
        format!("MixtureGeneral({})", names.join(", "))
    }

    fn params(&self) -> Vec<Param> {
        std::iter::once(self.mixing.param()).chain(self.components.iter().flat_map(|d| d.params())).collect()
    }

    fn support(&self) -> Support {
        self.support.clone()
    }

    fn batch_shape(&self) -> Option<Dims> {
        self.components
            .iter()
            .try_fold(self.mixing.batch(), |dims, d| shape::broadcast(&dims, &d.batch_shape()?))
    }

    fn event_shape(&self) -> Dims {
        self.components.first().map(|d| d.event_shape()).unwrap_or_default()
    }

    fn dtype(&self) -> DType {
        self.components.first().map_or(crate::trace::DEFAULT_FLOAT, |d| d.dtype())
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
        let keys = key_components.split_shape(&[self.components.len()]);
        let draw = |(k, d): (usize, &Rc<dyn Distribution>)| {
            d.sample_expanded(Key::from(keys.take_axis(k, 0)), &[], &dims)
        };
        let draws: Option<Vec<Tensor>> = self.components.iter().enumerate().map(draw).collect();
        let draws = Tensor::stack_axis(&draws?, -(self.event_rank() as isize) - 1);
        self.mixing.chosen(key_choice, draws, &dims, self.event_rank())
    }

    fn mean(&self) -> Option<Tensor> {
        self.mixed_mean()
    }

    fn variance(&self) -> Option<Tensor> {
        self.mixed_variance()
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let below: Option<Vec<Tensor>> = self.components.iter().map(|d| d.cdf(value)).collect();
        let below = side_by_side(&below?, &self.batch_shape()?, -1);
        Some((self.mixing.probs() * below).sum_axis(-1))
    }
}
