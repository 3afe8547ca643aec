//! Draws of latent sites that predictions start from: a posterior's, or arrays.

use pyroxene_frontend::{Array, Bound};
use pyroxene_ir::SampleSite;

use super::{Batch, PredictiveError, sample_sites};
use crate::results::Posterior;

/// Draws by site.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    sites: Vec<(String, Array)>,
    /// A posterior's numbers of chains and draws; its arrays have both as dimensions.
    posterior: Option<[usize; 2]>,
}

impl Samples {
    pub(super) fn of_posterior(posterior: &Posterior) -> Samples {
        let site = |site: crate::results::View<'_>| {
            // The numbers of values and of dimensions agree: the posterior has checked its columns.
            let array = Array::new(site.shape(), site.values().to_vec());
            (site.name().to_owned(), array.unwrap_or_else(|_| Array::from(site.values())))
        };
        let outer = [posterior.num_chains(), posterior.num_draws()];
        Samples { sites: posterior.sites().map(site).collect(), posterior: Some(outer) }
    }

    pub(super) fn of_arrays(samples: &[(&str, Array)]) -> Samples {
        let own = |(name, value): &(&str, Array)| ((*name).to_owned(), value.clone());
        Samples { sites: samples.iter().map(own).collect(), posterior: None }
    }

    /// The batch that all arrays share, of `ndims` dimensions in results.
    pub(super) fn batch(&self, ndims: usize) -> Result<Batch, PredictiveError> {
        if let Some([chains, draws]) = self.posterior {
            let dims = match ndims {
                1 => vec![chains * draws],
                2 => vec![chains, draws],
                found => return Err(PredictiveError::PosteriorBatch { found }),
            };
            return Ok(Batch { ndims, dims, outer: [chains, draws] });
        }
        let mut dims: Option<&[usize]> = None;
        for (site, array) in &self.sites {
            let found = array.dims();
            let Some(own) = found.get(..ndims) else {
                let (site, found) = (site.clone(), found.to_vec());
                return Err(PredictiveError::BatchRank { site, found, expected: ndims });
            };
            let expected = *dims.get_or_insert(own);
            if own != expected {
                let (site, found) = (site.clone(), found.to_vec());
                return Err(PredictiveError::Batch { site, found, expected: expected.to_vec() });
            }
        }
        let dims = dims.ok_or(PredictiveError::NoSamples)?.to_vec();
        let outer = match &dims[..] {
            [chains, draws @ ..] if !draws.is_empty() => [*chains, draws.iter().product()],
            all => [1, all.iter().product()],
        };
        Ok(Batch { ndims, dims, outer })
    }

    /// The draws of the program's sites that `takes` says, `[draws, ..]`.
    pub(super) fn of_sites<'a>(
        &'a self,
        bound: &Bound,
        batch: &Batch,
        takes: impl Fn(&SampleSite) -> bool,
    ) -> Result<Vec<(&'a str, Array)>, PredictiveError> {
        let known: Vec<&str> = sample_sites(bound).filter(|(_, s)| takes(s)).map(|(name, _)| name).collect();
        let mut given = Vec::new();
        let lead = if self.posterior.is_some() { 2 } else { batch.ndims };
        for (name, array) in self.sites.iter().filter(|(name, _)| known.contains(&name.as_str())) {
            let dims = std::iter::once(batch.len()).chain(array.dims().iter().skip(lead).copied());
            let array = array.reshape(dims);
            given.push((
                &**name,
                array.map_err(|source| PredictiveError::Shape { site: name.clone(), source })?,
            ));
        }
        if given.is_empty() && !self.sites.is_empty() && !known.is_empty() {
            let list = |names: &mut dyn Iterator<Item = &str>| {
                names.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
            };
            let found = list(&mut self.sites.iter().map(|(name, _)| name.as_str()));
            let known = list(&mut known.into_iter());
            return Err(PredictiveError::NothingGiven { found, known });
        }
        Ok(given)
    }
}
