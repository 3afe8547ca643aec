//! Distributions of transformed values.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Loc};

use super::{Distribution, Expanded, Independent, Param, is_poisoned};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
    transforms::{Compose, Transform},
};

/// The distribution of `f(x)` for `x` of a base distribution (NumPyro's `TransformedDistribution`).
///
/// Batch dimensions of the base that a transform's events span become part of events.
///
/// ```
/// use std::rc::Rc;
///
/// use pyroxene_frontend::{eval, prelude::*, transforms::{Exp, Ordered}};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The density of LogNormal(0, 1) at one.
/// let log_prob = eval(|| {
///     TransformedDistribution::new(Normal::new(0.0, 1.0), [Rc::new(Exp) as _]).log_prob(Tensor::from(1.0))
/// })?;
/// assert_eq!(log_prob.to_f64_vec(), [-0.5 * (2.0 * std::f64::consts::PI).ln()]);
///
/// // Cutpoints in increasing order.
/// let holds = eval(|| {
///     let cutpoints = TransformedDistribution::new(Normal::new([0.0, 0.0, 0.0], 1.0), [Rc::new(Ordered) as _]);
///     let drawn = cutpoints.sample(Key::new(0), &[]).unwrap_or(Tensor::from(0.0));
///     constraints::ordered_vector().check(drawn)
/// })?;
/// assert_eq!(holds, Array::from(true));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TransformedDistribution {
    pub(crate) base: Rc<dyn Distribution>,
    pub(crate) transforms: Vec<Rc<dyn Transform>>,
    support: Support,
    batch: Dims,
    event: Dims,
}

impl TransformedDistribution {
    /// `base` under the transforms in the order in which they apply.
    ///
    /// # Errors
    /// Recorded when the base has fewer dimensions than an event of the first transform.
    #[track_caller]
    pub fn new(
        base: impl Distribution,
        transforms: impl IntoIterator<Item = Rc<dyn Transform>>,
    ) -> TransformedDistribution {
        let transforms: Vec<Rc<dyn Transform>> = transforms.into_iter().collect();
        let whole = Compose::new(transforms.iter().cloned());
        let base = spanning(Rc::new(base), &whole);
        let shape = whole.forward_dims(&shape_of(&*base));
        let event_rank =
            (base.event_shape().len() + whole.codomain_event_dim()).saturating_sub(whole.domain_event_dim());
        let (batch, event) = shape.split_at(shape.len().saturating_sub(event_rank));
        let support = constraints::image(base.support(), Rc::new(whole));
        let (batch, event) = (Dims::from_slice(batch), Dims::from_slice(event));
        TransformedDistribution { base, transforms, support, batch, event }
    }

    /// The values before each transform and after the last, from the last back.
    fn path(&self, value: Tensor) -> Vec<Tensor> {
        let mut path = vec![value];
        for t in self.transforms.iter().rev() {
            path.push(t.inverse(path[path.len() - 1]));
        }
        path
    }

    fn sign(&self) -> Option<Tensor> {
        Compose::new(self.transforms.iter().cloned()).sign()
    }
}

/// The dimensions of one draw.
fn shape_of(d: &dyn Distribution) -> Dims {
    d.batch_shape().unwrap_or_default().into_iter().chain(d.event_shape()).collect()
}

/// The base expanded to what the transforms broadcast it to, with events that theirs fit in.
#[track_caller]
fn spanning(base: Rc<dyn Distribution>, whole: &Compose) -> Rc<dyn Distribution> {
    let (shape, event) = (shape_of(&*base), base.event_shape().len());
    let needed = whole.domain_event_dim();
    if shape.len() < needed && !is_poisoned(&*base) {
        let kind = ErrorKind::Shape {
            what: format!("{} under transforms", base.name()),
            found: shape.to_vec(),
            expected: format!("at least {needed} dimensions, which one argument spans"),
            help: "give the base's parameters more dimensions, or `.expand(..)` it first".into(),
        };
        fail(kind, Loc::caller());
    }
    let spread = whole.inverse_dims(&whole.forward_dims(&shape));
    let base: Rc<dyn Distribution> = match spread == shape {
        true => base,
        false => Rc::new(Expanded::new(base, &spread[..spread.len().saturating_sub(event)])),
    };
    let more = needed.saturating_sub(event).min(base.batch_shape().unwrap_or_default().len());
    if more > 0 { Rc::new(Independent::new(base, more)) } else { base }
}

impl Distribution for TransformedDistribution {
    fn name(&self) -> String {
        format!("Transformed{}", self.base.name())
    }

    fn params(&self) -> Vec<Param> {
        let mut params = self.base.params();
        // From the last transform backwards: how many dimensions of an event lie left of its own.
        let mut event = self.event.len();
        for t in self.transforms.iter().rev() {
            let more = event.saturating_sub(t.codomain_event_dim());
            let wider = |p: Param| Param { constraint: constraints::independent(p.constraint, more), ..p };
            params.extend(t.params().into_iter().map(wider));
            event = more + t.domain_event_dim();
        }
        params
    }

    fn support(&self) -> Support {
        self.support.clone()
    }

    fn batch_shape(&self) -> Option<Dims> {
        self.base.batch_shape().map(|_| self.batch.clone())
    }

    fn event_shape(&self) -> Dims {
        self.event.clone()
    }

    fn dtype(&self) -> DType {
        self.base.dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let path = self.path(value);
        let mut event = self.event.len();
        let mut total = Tensor::from(0.0);
        for (t, pair) in self.transforms.iter().rev().zip(path.windows(2)) {
            let [y, x] = *pair else { return Tensor::POISON };
            let more = event.saturating_sub(t.codomain_event_dim());
            total = total + t.log_abs_det_jacobian(x, y).sum_rightmost(more);
            event = more + t.domain_event_dim();
        }
        let base = self.base.log_prob(path[path.len() - 1]);
        base.sum_rightmost(event.saturating_sub(self.base.event_shape().len())) - total
    }

    fn has_rsample(&self) -> bool {
        self.base.has_rsample()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let x = self.base.sample(key, sample_shape)?;
        Some(self.transforms.iter().fold(x, |x, t| t.forward(x)))
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        Some(self.clone())
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let sign = self.sign()?;
        let below = self.base.cdf(*self.path(value).last()?)?;
        Some(sign.less(0.0).select(1.0 - below, below))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        let sign = self.sign()?;
        let x = self.base.icdf(sign.less(0.0).select(1.0 - q, q))?;
        Some(self.transforms.iter().fold(x, |x, t| t.forward(x)))
    }
}
