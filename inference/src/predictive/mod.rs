//! Predictions: a model run for many draws at once, from its prior or at draws from its posterior.

mod error;
mod guided;
mod log_likelihood;
mod samples;

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound, IntoModel, Model, RngKey, Spec, Tensor, Tree};
use pyroxene_ir::{SampleSite, SiteKind};

use self::samples::Samples;
pub use self::{
    error::PredictiveError,
    guided::{NoGuide, WithGuide},
    log_likelihood::{LogLikelihood, log_likelihood},
};
use crate::{
    results::{DrawGroup, Posterior, SiteDraws},
    sites,
};

/// Draws from a model's predictive distribution (NumPyro's `Predictive`): prior, or posterior at draws of latent sites.
///
/// ```
/// use pyroxene_frontend::{Model, prelude::*};
/// use pyroxene_inference::{Mcmc, Nuts, Predictive};
///
/// #[derive(Tree, Clone)]
/// struct Line<L: Leaf = Tensor> { x: L, y: Option<L> }
///
/// fn line(d: &Line) {
///     let slope = sample("slope", Normal::new(0.0, 1.0));
///     let sigma = sample("sigma", HalfNormal::new(1.0));
///     plate("i", d.x.dim(0), |_| {
///         let mean = deterministic("mean", slope * d.x);
///         sample("y", Normal::new(mean, sigma).obs(d.y));
///     });
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(line);
/// let data = Line { x: Array::from([0.0, 1.0, 2.0]), y: Some(Array::from([0.1, 0.9, 2.2])) };
/// let posterior = Mcmc::new(Nuts::default(), &model).chains(2).warmup(100).draws(50).run(&data)?;
///
/// // At other `x`, and without `y`: the model is recorded once more, and `y` is drawn.
/// let new = Line { x: Array::from([3.0, 4.0]), y: None };
/// let predicted = Predictive::new(&model).posterior(&posterior).run(1, &new)?;
/// assert_eq!(predicted.site("y")?.dims(), [100, 2]);
/// assert_eq!(predicted.site("mean")?.dims(), [100, 2]);
///
/// // Replications of `y` itself, from the recording that observes it; by chain and draw.
/// let replicated = Predictive::new(&model).posterior(&posterior).batch_ndims(2).uncondition().run(1, &data)?;
/// assert_eq!(replicated.site("y")?.dims(), [2, 50, 3]);
///
/// let prior = Predictive::new(&model).num_samples(10).run(1, &new)?;
/// assert_eq!(prior.site("slope")?.dims(), [10]);
/// # Ok(()) }
/// ```
///
/// All draws are computed in one dispatch (NumPyro's `parallel=True`, which is not its default). Under the same key they
/// equal NumPyro's where the distributions' samplers do. As in NumPyro, deterministic sites are computed anew whatever
/// the posterior holds of them, observed sites keep their data, and sites of the posterior that the model does not have
/// are left aside. Unlike there, observed sites are not among the results unless [`Predictive::return_sites`] names
/// them: to predict one, leave it out of the data, or ask for [`Predictive::uncondition`].
#[derive(Clone, Debug)]
pub struct Predictive<M = (), G = NoGuide> {
    model: M,
    guide: G,
    params: Vec<(String, Array)>,
    samples: Option<Samples>,
    num_samples: Option<usize>,
    batch_ndims: Option<usize>,
    return_sites: Option<Vec<String>>,
    uncondition: bool,
    max_bytes: Option<usize>,
}

impl<D> Predictive<Model<D>> {
    /// Predictions of `model`, a function of its data or a [`Model`]; say [`Predictive::num_samples`] or
    /// [`Predictive::posterior`] too.
    pub fn new(model: impl IntoModel<D>) -> Predictive<Model<D>> {
        Predictive::with_model(model.into_model())
    }

    /// Runs the model on `data`, recording it first where it has not seen data of this structure. A key is a seed, or
    /// two words.
    ///
    /// # Errors
    /// When the model is wrong or the data do not fit it, and as [`Predictive::run_bound`].
    pub fn run(
        &self,
        key: impl Into<RngKey>,
        data: &<D as Tree<Tensor>>::With<Array>,
    ) -> Result<SiteDraws, PredictiveError>
    where
        D: Tree<Tensor>,
        <D as Tree<Tensor>>::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
        D::With<Spec>: Tree<Spec, With<Tensor> = D>,
    {
        self.run_bound(key, &self.model.bind(data)?)
    }
}

impl Default for Predictive {
    /// Predictions of no model in particular, for [`Predictive::run_bound`].
    fn default() -> Predictive {
        Predictive::with_model(())
    }
}

impl<M> Predictive<M> {
    fn with_model(model: M) -> Predictive<M> {
        Predictive {
            model,
            guide: NoGuide,
            params: Vec::new(),
            samples: None,
            num_samples: None,
            batch_ndims: None,
            return_sites: None,
            uncondition: false,
            max_bytes: None,
        }
    }

    /// Runs a program that has its data.
    ///
    /// # Errors
    /// When there are neither draws nor their number; when arrays of draws differ in their batch, or have other
    /// dimensions behind it than their sites; when a site cannot be drawn from; when there is nothing to return.
    pub fn run_bound(&self, key: impl Into<RngKey>, bound: &Bound) -> Result<SiteDraws, PredictiveError> {
        let batch = self.batch()?;
        let given = match &self.samples {
            Some(samples) => samples.of_sites(bound, &batch, |site| !site.hidden && !site.is_factor())?,
            None => Vec::new(),
        };
        self.predict(key.into(), bound, &batch, &given)
    }
}

impl<M, G> Predictive<M, G> {
    /// The draws of latent sites to predict at: all of a posterior, one chain after another.
    #[must_use]
    pub fn posterior(mut self, posterior: &Posterior) -> Self {
        self.samples = Some(Samples::of_posterior(posterior));
        self
    }

    /// The same from arrays (`posterior_samples`), whose first dimensions, [`Predictive::batch_ndims`] of them, are
    /// draws.
    #[must_use]
    pub fn posterior_samples(mut self, samples: &[(&str, Array)]) -> Self {
        self.samples = Some(Samples::of_arrays(samples));
        self
    }

    /// How many draws to make from the prior. Of a posterior all draws are used, and this has to be their number.
    #[must_use]
    pub fn num_samples(mut self, n: usize) -> Self {
        self.num_samples = Some(n);
        self
    }

    /// How many dimensions of draws results have, and arrays given: 0 for one draw, 1 (the default) for draws, 2 for
    /// chains and draws.
    #[must_use]
    pub fn batch_ndims(mut self, n: usize) -> Self {
        self.batch_ndims = Some(n);
        self
    }

    /// The sites to return: any sample, deterministic or param site. Unless given: what is drawn, and deterministic
    /// sites.
    #[must_use]
    pub fn return_sites<S: Into<String>>(mut self, sites: impl IntoIterator<Item = S>) -> Self {
        self.return_sites = Some(sites.into_iter().map(Into::into).collect());
        self
    }

    /// Draws observed sites too, as NumPyro's handler `uncondition` around the model does: replications of the data,
    /// from the recording that observes them.
    #[must_use]
    pub fn uncondition(mut self) -> Self {
        self.uncondition = true;
        self
    }

    /// Results of more bytes than this are computed in several dispatches. Default 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, n: usize) -> Self {
        self.max_bytes = Some(n);
        self
    }

    /// Values of parameters in place of their initial ones, on their constraints (`params`); those of sites that are no
    /// parameters of the program are left aside.
    #[must_use]
    pub fn params(mut self, params: &IndexMap<String, Array>) -> Self {
        self.params = params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self
    }

    /// Predictions at draws of latent sites.
    fn predict(
        &self,
        key: RngKey,
        bound: &Bound,
        batch: &Batch,
        given: &[(&str, Array)],
    ) -> Result<SiteDraws, PredictiveError> {
        let mut query = bound.batched(batch.len()).params(&self.shared_params());
        if let Some(sites) = &self.return_sites {
            query = query.return_sites(sites.iter().cloned());
        }
        if let Some(n) = self.max_bytes {
            query = query.max_bytes(n);
        }
        if self.uncondition {
            query = query.uncondition();
        }
        let drawn = query.predictive(key, given)?;
        if drawn.is_empty() && self.return_sites.is_none() {
            return Err(nothing(bound));
        }
        let group = |name: &str| match (given.is_empty(), is_observed(bound, name)) {
            (false, _) => DrawGroup::PosteriorPredictive,
            (true, true) => DrawGroup::PriorPredictive,
            (true, false) => DrawGroup::Prior,
        };
        let variables = drawn.into_iter().map(|(name, value)| {
            let group = group(&name);
            sites::variable(bound, name, value, batch, group)
        });
        Ok(SiteDraws::new(batch.outer, variables.collect::<Result<_, _>>()?, sites::data(bound)?))
    }

    /// The values of parameters by name.
    fn shared_params(&self) -> Vec<(&str, Array)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
    }

    fn batch(&self) -> Result<Batch, PredictiveError> {
        let ndims = self.batch_ndims.unwrap_or(1);
        let Some(samples) = &self.samples else {
            let n = self.num_samples.ok_or(PredictiveError::NoSamples)?;
            return Ok(Batch::of_draws(n, ndims));
        };
        let batch = samples.batch(ndims)?;
        match self.num_samples {
            Some(n) if n != batch.len() => {
                Err(PredictiveError::NumSamples { found: n, expected: batch.len() })
            }
            _ => Ok(batch),
        }
    }
}

/// The dimensions that draws have.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Batch {
    pub(crate) ndims: usize,
    pub(crate) dims: Vec<usize>,
    /// Chains and draws.
    pub(crate) outer: [usize; 2],
}

impl Batch {
    /// So many draws of one chain, as NumPyro lays them out.
    fn of_draws(n: usize, ndims: usize) -> Batch {
        let mut dims = vec![1; ndims];
        if let Some(last) = dims.last_mut() {
            *last = n;
        }
        Batch { ndims, dims, outer: [1, n] }
    }

    fn len(&self) -> usize {
        self.outer[0] * self.outer[1]
    }
}

fn is_observed(bound: &Bound, name: &str) -> bool {
    sample_sites(bound).any(|(site, sample)| site == name && sample.source.is_observed())
}

/// The sample sites with their names.
fn sample_sites(bound: &Bound) -> impl Iterator<Item = (&str, &SampleSite)> {
    bound.program().graph().sites().filter_map(|(_, site)| match &site.kind {
        SiteKind::Sample(sample) => Some((site.name.as_str(), &**sample)),
        _ => None,
    })
}

fn nothing(bound: &Bound) -> PredictiveError {
    let observed = sample_sites(bound).filter(|(_, s)| s.source.is_observed() && !s.hidden && !s.is_factor());
    let observed: Vec<String> = observed.map(|(name, _)| format!("`{name}`")).collect();
    PredictiveError::NothingToDraw { observed: observed.join(", ") }
}
