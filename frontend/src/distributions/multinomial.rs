//! The multinomial distribution, by its probabilities or by their logarithms.

use pyroxene_ir::{DType, Dims};

use super::{
    Distribution, Param, as_number, draw_dims, float_dtype,
    parameters::reals,
    stirling::{deviance, factorial_rest},
    vectors::{last_dim, of_elements, vector},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace,
};

/// How often each outcome occurs in `total_count` trials, with probabilities `probs` (NumPyro's `MultinomialProbs`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log_prob = eval(|| MultinomialProbs::new([0.5, 0.5], 2).log_prob(Tensor::from([1.0, 1.0])))?;
/// assert!((log_prob.to_f64_vec()[0] - 0.5f64.ln()).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MultinomialProbs {
    probs: Tensor,
    trials: Trials,
}

/// As [`MultinomialProbs`], with probabilities proportional to `exp(logits)` (NumPyro's `MultinomialLogits`).
#[derive(Clone, Copy, Debug)]
pub struct MultinomialLogits {
    logits: Tensor,
    trials: Trials,
}

/// The number of trials, and the most there can be, where it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trials {
    count: Tensor,
    most: Option<usize>,
}

impl Trials {
    pub(super) fn new(count: Tensor) -> Trials {
        let most = trace::constant_of(count).map(|c| c.to_f64_vec().iter().fold(0.0, |m: f64, x| m.max(*x)));
        Trials { count, most: most.map(|m| m as usize) }
    }

    pub(super) fn at_most(self, most: usize) -> Trials {
        Trials { most: Some(most), ..self }
    }

    pub(super) fn param(self) -> Param {
        Param::new("total_count", self.count, constraints::nonnegative_integer())
    }

    pub(super) fn support(self) -> Support {
        constraints::multinomial(self.count)
    }

    /// As floats, with a dimension for the outcomes.
    pub(super) fn column(self, dtype: DType) -> Tensor {
        as_number(self.count, dtype).expand_dims(-1)
    }

    /// Counts of outcomes of probabilities `probs`, of dimensions `shape` and the outcomes'. Where the most trials are known
    /// each draws its outcome, as NumPyro's do, and otherwise each outcome its count, by one binomial after another.
    pub(super) fn draw(self, key: Key, probs: Tensor, shape: &Dims, dtype: DType) -> Tensor {
        let float = probs.dtype();
        let Some(most) = self.most else {
            return random::multinomial(key, as_number(self.count, float), probs, shape, float)
                .convert(dtype);
        };
        let outcomes = last_dim(probs);
        let mut whole = shape.clone();
        whole.push(outcomes);
        if most == 0 || outcomes == 0 {
            return Tensor::full(&whole, 0i64).convert(dtype);
        }
        let sums = probs.broadcast_to(&whole).cumsum(-1);
        let parts = sums.split_at(&[outcomes - 1], -1);
        let [below, total] = parts[..] else { return Tensor::POISON };
        let mut dims: Dims = std::iter::once(most).chain(shape.iter().copied()).collect();
        dims.push(1);
        let u = random::uniform(key, &dims, float, 0.0, 1.0);
        let outcome = (below / total).less(u).convert(dtype).sum_axis(-1);
        // Trials beyond an element's own count for nothing.
        let mut trial: Vec<usize> = vec![1; shape.len() + 1];
        trial[0] = most;
        let count = as_number(self.count, float).broadcast_to(shape);
        let counts = Tensor::arange(most).convert(float).reshape(&trial).less(count).expand_dims(-1);
        let hit = outcome.expand_dims(-1).equal(Tensor::arange(outcomes).convert(dtype)) & counts;
        hit.convert(dtype).sum_axis(0)
    }
}

/// The log mass at `counts` of `total` trials, in a dimension of size one, where the outcomes' means are `mean`: `Σ counts
/// ln(mean / counts)` and what factorials have beside their large terms, so that large counts keep their digits.
fn log_mass(counts: Tensor, total: Tensor, mean: Tensor, log_mean: Tensor) -> Tensor {
    let parts = deviance(counts, mean, log_mean) + factorial_rest(counts);
    let total = total.squeeze(-1);
    // What is zero on the support, with its slope.
    let missing = (total - counts.sum_axis(-1)) * log_of(total);
    factorial_rest(total) + missing - parts.sum_axis(-1)
}

/// `ln x` of counts, zero at zero.
fn log_of(x: Tensor) -> Tensor {
    x.equal(0.0).select(1.0, x).log()
}

/// `ln x`, of zeros in front of nothing zero.
fn log_where(counts: Tensor, x: Tensor) -> Tensor {
    (counts.equal(0.0) & x.equal(0.0)).select(1.0, x).log()
}

impl MultinomialProbs {
    /// Probabilities that sum to one along the last dimension, and the number of trials; their batches broadcast.
    ///
    /// # Errors
    /// Recorded when the probabilities are a scalar.
    #[track_caller]
    pub fn new(probs: impl Into<Tensor>, total_count: impl Into<Tensor>) -> MultinomialProbs {
        let [probs] = reals([probs.into()]);
        let probs = vector("the probabilities of MultinomialProbs", probs);
        MultinomialProbs { probs, trials: Trials::new(total_count.into()) }
    }

    /// The most trials there can be (NumPyro's `total_count_max`): where the number is no constant, draws are NumPyro's only
    /// with it.
    pub fn total_count_max(self, most: usize) -> MultinomialProbs {
        MultinomialProbs { trials: self.trials.at_most(most), ..self }
    }
}

impl Distribution for MultinomialProbs {
    fn name(&self) -> String {
        "MultinomialProbs".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("probs", self.probs, constraints::simplex()), self.trials.param()]
    }

    fn support(&self) -> Support {
        self.trials.support()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[last_dim(self.probs)])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let dtype = float_dtype(&self.params());
        let (counts, total) = (as_number(value, dtype), self.trials.column(dtype));
        let mean = total * self.probs;
        let mass = log_mass(counts, total, mean, log_where(counts, mean));
        // What the sum of the probabilities is beside one.
        mass + total.squeeze(-1) * (self.probs.sum_axis(-1) - 1.0)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(self.trials.draw(key, self.probs, &draw_dims(self, sample_shape), self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(of_elements(self, self.trials.column(float_dtype(&self.params())) * self.probs))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(self.mean()? * (1.0 - self.probs))
    }
}

impl MultinomialLogits {
    /// Logarithms of probabilities up to a constant, along the last dimension, and the number of trials; their batches
    /// broadcast.
    ///
    /// # Errors
    /// Recorded when the logits are a scalar.
    #[track_caller]
    pub fn new(logits: impl Into<Tensor>, total_count: impl Into<Tensor>) -> MultinomialLogits {
        let [logits] = reals([logits.into()]);
        let logits = vector("the logits of MultinomialLogits", logits);
        MultinomialLogits { logits, trials: Trials::new(total_count.into()) }
    }

    /// As [`MultinomialProbs::total_count_max`].
    pub fn total_count_max(self, most: usize) -> MultinomialLogits {
        MultinomialLogits { trials: self.trials.at_most(most), ..self }
    }
}

impl Distribution for MultinomialLogits {
    fn name(&self) -> String {
        "MultinomialLogits".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("logits", self.logits, constraints::real_vector()), self.trials.param()]
    }

    fn support(&self) -> Support {
        self.trials.support()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[last_dim(self.logits)])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let dtype = float_dtype(&self.params());
        let (counts, total) = (as_number(value, dtype), self.trials.column(dtype));
        let log_probs = self.logits.log_softmax(-1);
        let mass = log_mass(counts, total, total * log_probs.exp(), log_of(total) + log_probs);
        // Zero on the support, with the slope of the plain form.
        mass - (total.squeeze(-1) - counts.sum_axis(-1)) * self.logits.logsumexp_axis(-1)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let probs = self.logits.softmax(-1);
        Some(self.trials.draw(key, probs, &draw_dims(self, sample_shape), self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        let probs = self.logits.softmax(-1);
        Some(of_elements(self, self.trials.column(float_dtype(&self.params())) * probs))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(self.mean()? * (1.0 - self.logits.softmax(-1)))
    }
}
