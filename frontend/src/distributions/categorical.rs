//! The categorical distribution, by its probabilities or by their logarithms.

use pyroxene_ir::{Loc, ops, shape};

use super::{Distribution, Param, batched, draw_dims, float_dtype, parameters::reals};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace::{DEFAULT_INT, ErrorKind, apply, fail},
};

/// The category `k` with probability `probs[k]`, along the last dimension (NumPyro's `CategoricalProbs`).
#[derive(Clone, Copy, Debug)]
pub struct CategoricalProbs {
    probs: Tensor,
}

impl CategoricalProbs {
    /// Probabilities that sum to one along the last dimension; the others are the batch.
    ///
    /// # Errors
    /// Recorded when there is no dimension.
    #[track_caller]
    pub fn new(probs: impl Into<Tensor>) -> CategoricalProbs {
        let [probs] = reals([probs.into()]);
        CategoricalProbs { probs: vector("probs", probs) }
    }
}

/// Reports a scalar where a vector over categories is needed.
#[track_caller]
pub(super) fn vector(name: &'static str, x: Tensor) -> Tensor {
    if x.rank() > 0 || x.is_poison() {
        return x;
    }
    let kind = ErrorKind::Shape {
        what: format!("`{name}`"),
        found: Vec::new(),
        expected: "at least one dimension, the categories".into(),
        help: "give one number for each category".into(),
    };
    fail(kind, Loc::caller())
}

/// The number of categories, as the support needs it.
fn interval(x: Tensor) -> Support {
    constraints::integer_interval(0i64, x.dim(-1).saturating_sub(1))
}

/// The entry at `value` of a table whose last dimension are the categories; the support says which values are entries.
pub(super) fn entry(table: Tensor, value: Tensor) -> Tensor {
    let (mut whole, categories, loc) = (table.dims(), table.dim(-1), Loc::caller());
    whole.pop();
    let value = if value.dtype().is_integer() { value } else { value.convert(DEFAULT_INT) };
    if whole.is_empty() {
        // One table for all: there is no need to repeat it.
        return apply(ops::Take { axis: 0 }, &[table, value], loc);
    }
    let Some(mut dims) = shape::broadcast(&whole, &value.dims()) else {
        let (left, right) = (whole.to_vec(), value.dims().to_vec());
        return fail(ErrorKind::Broadcast { op: "log_prob", left, right }, loc);
    };
    let index = value.broadcast_to(&dims).expand_dims(-1);
    dims.push(categories);
    table.broadcast_to(&dims).entries_along_axis(index, -1, loc).squeeze(-1)
}

/// Categories by inversion of the cumulative sums, in NumPyro's order of operations.
pub(super) fn draw(d: &dyn Distribution, probs: Tensor, key: Key, sample_shape: &[usize]) -> Tensor {
    let mut dims = draw_dims(d, sample_shape);
    dims.push(1);
    let sums = probs.cumsum(-1);
    let last = probs.dim(-1).saturating_sub(1);
    let [below, total] = <[Tensor; 2]>::try_from(sums.split_at(&[last], -1)).unwrap_or([sums, sums]);
    let u = random::uniform(key, &dims, float_dtype(&d.params()), 0.0, 1.0);
    (below / total).less(u).convert(d.dtype()).sum_axis(-1)
}

impl Distribution for CategoricalProbs {
    fn name(&self) -> String {
        "CategoricalProbs".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("probs", self.probs, constraints::simplex())]
    }

    fn support(&self) -> Support {
        interval(self.probs)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let probs = self.probs;
        // The logarithm of zero has no slope, not even where another entry is taken.
        let some = probs.greater(0.0);
        entry(some.select(some.select(probs, 1.0).log(), f64::NEG_INFINITY), value)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(draw(self, self.probs, key, sample_shape))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, Tensor::from(f64::NAN).convert(float_dtype(&self.params()))))
    }

    fn variance(&self) -> Option<Tensor> {
        self.mean()
    }
}

/// The category `k` with probability proportional to `exp(logits[k])`, along the last dimension (NumPyro's
/// `CategoricalLogits`).
#[derive(Clone, Copy, Debug)]
pub struct CategoricalLogits {
    logits: Tensor,
}

impl CategoricalLogits {
    /// Logarithms of probabilities up to a constant, along the last dimension; the others are the batch.
    ///
    /// # Errors
    /// Recorded when there is no dimension.
    #[track_caller]
    pub fn new(logits: impl Into<Tensor>) -> CategoricalLogits {
        let [logits] = reals([logits.into()]);
        CategoricalLogits { logits: vector("logits", logits) }
    }
}

impl Distribution for CategoricalLogits {
    fn name(&self) -> String {
        "CategoricalLogits".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("logits", self.logits, constraints::real_vector())]
    }

    fn support(&self) -> Support {
        interval(self.logits)
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        entry(self.logits.log_softmax(-1), value)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(random::categorical(key, self.logits, -1, &dims).convert(self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, Tensor::from(f64::NAN).convert(float_dtype(&self.params()))))
    }

    fn variance(&self) -> Option<Tensor> {
        self.mean()
    }
}
