//! Log likelihoods: the density of each observed value at many draws of the latent sites.

use pyroxene_frontend::{Array, Bound, IntoModel, Spec, Tensor, Tree};
use pyroxene_ir::{SampleSite, Source};

use super::{PredictiveError, samples::Samples};
use crate::{
    results::{DrawGroup, Posterior, SiteDraws},
    sites,
};

/// The log likelihood of each observed site at each draw from the posterior, element by element of its batch:
/// `[draws, batch..]` (NumPyro's `log_likelihood`). Masks count, scales do not. For other dimensions of draws, or arrays
/// instead of a posterior, see [`LogLikelihood`].
///
/// ```
/// use pyroxene_frontend::{Model, prelude::*};
/// use pyroxene_inference::{Mcmc, Nuts, log_likelihood};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(|y: &Tensor| {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     plate("i", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
/// });
/// let data = Array::from([0.5, 1.5, 1.0]);
/// let posterior = Mcmc::new(Nuts::default(), &model).chains(2).warmup(100).draws(50).run(&data)?;
/// let log_likelihood = log_likelihood(&model, &posterior, &data)?;
/// assert_eq!(log_likelihood.site("y")?.dims(), [100, 3]);
/// // Beside the posterior, for ArviZ's `loo`.
/// let posterior = posterior.with_site_draws(log_likelihood);
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the model is wrong or the data do not fit it, and as [`LogLikelihood::run`].
pub fn log_likelihood<D>(
    model: impl IntoModel<D>,
    posterior: &Posterior,
    data: &<D as Tree<Tensor>>::With<Array>,
) -> Result<SiteDraws, PredictiveError>
where
    D: Tree<Tensor>,
    <D as Tree<Tensor>>::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    LogLikelihood::of_posterior(posterior).run(&model.into_model().bind(data)?)
}

/// Settings of [`log_likelihood`](log_likelihood()), for a program that has its data.
#[derive(Clone, Debug)]
pub struct LogLikelihood {
    samples: Samples,
    batch_ndims: usize,
    max_bytes: Option<usize>,
}

impl LogLikelihood {
    /// At all draws of a posterior, one chain after another.
    pub fn of_posterior(posterior: &Posterior) -> LogLikelihood {
        LogLikelihood { samples: Samples::of_posterior(posterior), batch_ndims: 1, max_bytes: None }
    }

    /// At draws given as arrays, whose first dimensions, [`LogLikelihood::batch_ndims`] of them, are draws.
    pub fn of_samples(samples: &[(&str, Array)]) -> LogLikelihood {
        LogLikelihood { samples: Samples::of_arrays(samples), batch_ndims: 1, max_bytes: None }
    }

    /// How many dimensions of draws results have, and arrays given: 0, 1 (the default), or 2 for chains and draws.
    #[must_use]
    pub fn batch_ndims(mut self, n: usize) -> LogLikelihood {
        self.batch_ndims = n;
        self
    }

    /// Results of more bytes than this are computed in several dispatches. Default 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, n: usize) -> LogLikelihood {
        self.max_bytes = Some(n);
        self
    }

    /// The log likelihood of each observed site.
    ///
    /// # Errors
    /// When a latent site has no draws, or draws of other dimensions than its own; when arrays of draws differ in their
    /// batch.
    pub fn run(&self, bound: &Bound) -> Result<SiteDraws, PredictiveError> {
        let batch = self.samples.batch(self.batch_ndims)?;
        let takes = |site: &SampleSite| !matches!(site.source, Source::Operand { .. }) && !site.hidden;
        let values = self.samples.of_sites(bound, &batch, takes)?;
        let mut query = bound.batched(batch.len());
        if let Some(n) = self.max_bytes {
            query = query.max_bytes(n);
        }
        let found = query.log_likelihood(&values)?.into_iter();
        let variables = found
            .map(|(name, value)| sites::variable(bound, name, value, &batch, DrawGroup::LogLikelihood))
            .collect::<Result<_, _>>()?;
        Ok(SiteDraws::new(batch.outer, variables, sites::data(bound)?))
    }
}
