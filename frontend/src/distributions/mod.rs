//! Distributions: one file each. The trait is open: one written elsewhere works in a model like these.

use std::rc::Rc;

use pyroxene_ir::{DType, Dims, Hint, shape};

use crate::{
    constraints::Support,
    primitives::{Observation, Statement},
    random::Key,
    tensor::Tensor,
};

macro_rules! distributions { ($($file:ident: $($Name:ident),+;)*) => { $(
    mod $file;
    pub use $file::{$($Name),+};
)* } }

distributions! {
    asymmetric_laplace: AsymmetricLaplace, AsymmetricLaplaceQuantile;
    bernoulli: BernoulliLogits, BernoulliProbs;
    beta: Beta;
    beta_binomial: BetaBinomial;
    beta_proportion: BetaProportion;
    binomial: BinomialLogits, BinomialProbs;
    categorical: CategoricalLogits, CategoricalProbs;
    cauchy: Cauchy;
    chi2: Chi2;
    delta: Delta;
    dirichlet: Dirichlet;
    dirichlet_multinomial: DirichletMultinomial;
    discrete_uniform: DiscreteUniform;
    expanded: Expanded;
    exponential: Exponential;
    folded: Folded;
    gamma: Gamma;
    gamma_poisson: GammaPoisson, NegativeBinomial2, NegativeBinomialLogits, NegativeBinomialProbs;
    gaussian_random_walk: GaussianRandomWalk;
    geometric: GeometricLogits, GeometricProbs;
    gumbel: Gumbel;
    half_cauchy: HalfCauchy;
    half_normal: HalfNormal;
    hurdle: Hurdle, HurdlePoisson;
    improper_uniform: ImproperUniform;
    independent: Independent;
    inverse_gamma: InverseGamma;
    inverse_wishart: InverseWishart, InverseWishartCholesky;
    kumaraswamy: Kumaraswamy;
    laplace: Laplace;
    levy: Levy;
    lkj: LKJ;
    lkj_cholesky: LKJCholesky, LKJMethod;
    log_normal: LogNormal;
    log_uniform: LogUniform;
    logistic: Logistic;
    low_rank_multivariate_normal: LowRankMultivariateNormal;
    masked: Masked;
    mixing: Mixing;
    mixture_general: MixtureGeneral;
    mixture_same_family: MixtureSameFamily;
    multinomial: MultinomialLogits, MultinomialProbs;
    multivariate_normal: MultivariateNormal;
    multivariate_student_t: MultivariateStudentT;
    normal: Normal;
    ordered_logistic: OrderedLogistic;
    pareto: Pareto;
    poisson: Poisson;
    projected_normal: ProjectedNormal;
    relaxed_bernoulli: RelaxedBernoulliLogits;
    soft_laplace: SoftLaplace;
    student_t: StudentT;
    transformed: TransformedDistribution;
    truncated_normal: TruncatedNormal;
    uniform: Uniform;
    unit: Unit;
    von_mises: VonMises;
    weibull: Weibull;
    wishart: Wishart, WishartCholesky;
    zero_inflated: ZeroInflated, ZeroInflatedPoisson;
    zero_sum_normal: ZeroSumNormal;
}

pub(crate) use projected_normal::normalised;

mod common;
mod gate;
mod kl;
mod parameters;
mod quantiles;
mod scale;
mod stirling;
mod vectors;

pub use kl::{Described, has_kl_divergence, kl_between, kl_divergence};

use common::draw_layout;
pub(crate) use common::{
    as_number, batched, clamp_probs, draw_dims, float_dtype, greatest_below_one, is_poisoned, least_positive,
    spread,
};

/// A parameter of a distribution.
#[derive(Clone)]
pub struct Param {
    /// Its name, as in NumPyro.
    pub name: &'static str,
    /// Its value.
    pub value: Tensor,
    /// What it must satisfy.
    pub constraint: Support,
}

impl Param {
    /// A parameter.
    pub fn new(name: &'static str, value: Tensor, constraint: Support) -> Param {
        Param { name, value, constraint }
    }
}

/// A probability distribution over tensors (NumPyro's `Distribution`).
///
/// Its methods run while a model is recorded, on symbolic tensors. A value has the dimensions
/// `sample_shape + batch_shape + event_shape`; a log density has those without `event_shape`.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// struct Logistic { loc: Tensor, scale: Tensor }
///
/// impl Distribution for Logistic {
///     fn name(&self) -> String { "Logistic".into() }
///     fn params(&self) -> Vec<Param> {
///         vec![
///             Param::new("loc", self.loc, constraints::real()),
///             Param::new("scale", self.scale, constraints::positive()),
///         ]
///     }
///     fn support(&self) -> Support { constraints::real() }
///     fn log_prob(&self, value: Tensor) -> Tensor {
///         let z = (value - self.loc) / self.scale;
///         -z - self.scale.log() - (-z).softplus() * 2.0
///     }
/// }
/// ```
pub trait Distribution: 'static {
    /// The name in messages and listings.
    fn name(&self) -> String;

    /// The parameters. Where a mask is off they are replaced by feasible constants, so name all that the density reads.
    fn params(&self) -> Vec<Param>;

    /// Where the density is positive.
    fn support(&self) -> Support;

    /// The dimensions of independent, possibly differently distributed values: the parameters' broadcast together.
    /// `None` if they do not broadcast.
    fn batch_shape(&self) -> Option<Dims> {
        self.params().iter().try_fold(Dims::new(), |dims, p| {
            let own = p.value.dims();
            shape::broadcast(&dims, &own[..own.len().saturating_sub(p.constraint.event_dim())])
        })
    }

    /// The dimensions of one value.
    fn event_shape(&self) -> Dims {
        Dims::new()
    }

    /// The element type of values.
    fn dtype(&self) -> DType {
        if self.support().is_discrete() { crate::trace::DEFAULT_INT } else { float_dtype(&self.params()) }
    }

    /// The log density (log mass for discrete values) at `value`, broadcast with the batch. Outside the support it may
    /// be anything: the caller knows the support.
    fn log_prob(&self, value: Tensor) -> Tensor;

    /// Independent draws of dimensions `sample_shape + batch_shape + event_shape`; `None` where there is no sampler.
    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let _ = (key, sample_shape);
        None
    }

    /// Whether derivatives by all parameters pass through a draw (NumPyro's `has_rsample`): not through discrete ones, nor
    /// where a parameter decides which of several values is taken.
    fn has_rsample(&self) -> bool {
        !self.support().is_discrete()
    }

    /// The mean, of dimensions `batch_shape + event_shape`: infinite or NaN where the integral is. `None` where there is
    /// no formula for it.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mean = eval(|| Exponential::new([0.5, 2.0]).mean().unwrap_or(Tensor::from(f64::NAN)))?;
    /// assert_eq!(mean.as_slice(), Some(&[2.0, 0.5][..]));
    /// # Ok(()) }
    /// ```
    fn mean(&self) -> Option<Tensor> {
        None
    }

    /// The variance of each element of a value, of dimensions `batch_shape + event_shape`: infinite or NaN where the
    /// integral is. `None` where there is no formula for it.
    fn variance(&self) -> Option<Tensor> {
        None
    }

    /// The distribution function, the probability of a value not above `value`, broadcast with the batch. `None` where
    /// there is no formula for it, and for events of several elements.
    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let _ = value;
        None
    }

    /// The quantile function, the inverse of [`Distribution::cdf`], at probabilities `q`, broadcast with the batch.
    /// `None` where NumPyro has none, and for events of several elements. Those of gamma, beta and Student's t have no
    /// formula: they are searched for, and have derivatives of first order.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let median = eval(|| Uniform::new(1.0, 2.0).icdf(Tensor::from(0.5)).unwrap_or(Tensor::from(f64::NAN)))?;
    /// assert_eq!(median.to_f64_vec(), [1.5]);
    /// # Ok(()) }
    /// ```
    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        let _ = q;
        None
    }

    /// Draws of the same distribution expanded to `batch_shape`, under one key; see [`Distribution::expand`].
    ///
    /// A dimension of size 1 that the expansion stretches is drawn as a sample dimension, the rightmost one first, and
    /// then moved to its place: NumPyro's layout. A wrapper that knows its base better passes the expansion on to it.
    fn sample_expanded(&self, key: Key, sample_shape: &[usize], batch_shape: &[usize]) -> Option<Tensor> {
        let own = self.batch_shape()?;
        let layout = draw_layout(&own, batch_shape, self.event_shape().len());
        let mut drawn_shape = sample_shape.to_vec();
        drawn_shape.extend(&layout.sample_shape);
        let drawn = self.sample(key, &drawn_shape)?;
        if layout.order.is_empty() {
            return Some(drawn);
        }
        let order: Vec<usize> =
            (0..sample_shape.len()).chain(layout.order.iter().map(|i| i + sample_shape.len())).collect();
        let mut dims = sample_shape.to_vec();
        dims.extend_from_slice(batch_shape);
        dims.extend(self.event_shape());
        Some(drawn.transpose(&order).reshape(&dims))
    }

    /// The same distribution with other values of its [`params`](Distribution::params), in their order; `None` where it
    /// cannot be made of them. [`LocScaleReparam`](crate::handlers::LocScaleReparam) makes noise with it.
    fn with_params(&self, values: &[Tensor]) -> Option<Rc<dyn Distribution>> {
        let _ = values;
        None
    }

    /// The same distribution as a base under transforms, for one that can be written so.
    fn transformed(&self) -> Option<TransformedDistribution> {
        None
    }

    /// The base distribution and the mask, for a distribution that is a masked one.
    fn masked(&self) -> Option<(Rc<dyn Distribution>, Tensor)> {
        None
    }

    /// The same distribution with batch dimensions `batch_shape`: independent copies along every new dimension.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let log_prob = eval(|| Exponential::new(2.0).expand(&[3]).log_prob(Tensor::from(0.0)))?;
    /// assert_eq!(log_prob.dims(), [3]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Recorded when this batch does not broadcast to `batch_shape`; the batch then stays as it is.
    #[track_caller]
    fn expand(self, batch_shape: &[usize]) -> Expanded
    where
        Self: Sized,
    {
        Expanded::new(self, batch_shape)
    }

    /// The same distribution with the `n` rightmost batch dimensions counted as part of one event: its log density is
    /// the sum over them.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let log_prob = eval(|| Exponential::new([1.0, 1.0]).to_event(1).log_prob(Tensor::from([0.5, 2.0])))?;
    /// assert_eq!(log_prob.as_slice(), Some(&[-2.5][..]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Recorded when the batch has fewer dimensions; all are then taken.
    #[track_caller]
    fn to_event(self, n: usize) -> Independent
    where
        Self: Sized,
    {
        Independent::new(self, n)
    }

    /// The same distribution with a density of one where `mask`, truth values that broadcast with the batch, is off.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let log_prob = eval(|| {
    ///     let y = Tensor::from([2.0, f64::NAN]);
    ///     Exponential::new(1.0).mask(y.is_finite()).log_prob(y)
    /// })?;
    /// assert_eq!(log_prob.as_slice(), Some(&[-2.0, 0.0][..]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Recorded when the mask does not broadcast or does not hold truth values; it is then left out.
    #[track_caller]
    fn mask(self, mask: impl Into<Tensor>) -> Masked
    where
        Self: Sized,
    {
        Masked::new(self, mask.into())
    }

    /// A statement that the site has this value, if there is one; an absent one leaves it latent.
    #[track_caller]
    fn obs(self, value: impl Into<Observation>) -> Statement
    where
        Self: Sized,
    {
        Statement::from(self).obs(value)
    }

    /// A statement with only those batch elements observed where the mask is on; see [`Statement::obs_mask`].
    #[track_caller]
    fn obs_mask(self, mask: impl Into<Tensor>) -> Statement
    where
        Self: Sized,
    {
        Statement::from(self).obs_mask(mask)
    }

    /// A statement drawn with this key; see [`Statement::rng_key`].
    #[track_caller]
    fn rng_key(self, key: impl Into<Key>) -> Statement
    where
        Self: Sized,
    {
        Statement::from(self).rng_key(key)
    }

    /// A statement of so many independent draws; see [`Statement::sample_shape`].
    fn sample_shape(self, dims: &[usize]) -> Statement
    where
        Self: Sized,
    {
        Statement::from(self).sample_shape(dims)
    }

    /// A statement with a hint to inference; see [`Statement::infer`].
    fn infer(self, hint: &str, value: impl Into<Hint>) -> Statement
    where
        Self: Sized,
    {
        Statement::from(self).infer(hint, value)
    }
}

impl Distribution for Rc<dyn Distribution> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn params(&self) -> Vec<Param> {
        (**self).params()
    }

    fn support(&self) -> Support {
        (**self).support()
    }

    fn batch_shape(&self) -> Option<Dims> {
        (**self).batch_shape()
    }

    fn event_shape(&self) -> Dims {
        (**self).event_shape()
    }

    fn dtype(&self) -> DType {
        (**self).dtype()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        (**self).log_prob(value)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        (**self).sample(key, sample_shape)
    }

    fn has_rsample(&self) -> bool {
        (**self).has_rsample()
    }

    fn mean(&self) -> Option<Tensor> {
        (**self).mean()
    }

    fn variance(&self) -> Option<Tensor> {
        (**self).variance()
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        (**self).cdf(value)
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        (**self).icdf(q)
    }

    fn sample_expanded(&self, key: Key, sample_shape: &[usize], batch_shape: &[usize]) -> Option<Tensor> {
        (**self).sample_expanded(key, sample_shape, batch_shape)
    }

    fn with_params(&self, values: &[Tensor]) -> Option<Rc<dyn Distribution>> {
        (**self).with_params(values)
    }

    fn transformed(&self) -> Option<TransformedDistribution> {
        (**self).transformed()
    }

    fn masked(&self) -> Option<(Rc<dyn Distribution>, Tensor)> {
        (**self).masked()
    }
}
