//! Draws of sites that are no posterior: predictions, draws from the prior, log likelihoods, by name.

use std::{io, path::Path};

use pyroxene_frontend::Array;

use super::{
    files::ExportError,
    format::{Format, from_columns, invalid_posterior},
    groups::DataVariable,
    posterior::{Posterior, PosteriorError, SiteSpec},
};

/// ArviZ's groups of draws beside the posterior.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DrawGroup {
    /// New values at draws from the posterior.
    PosteriorPredictive,
    /// The log likelihood at draws from the posterior, element by element.
    LogLikelihood,
    /// Latent sites drawn from the prior, and deterministic ones.
    Prior,
    /// Observed sites drawn from the prior.
    PriorPredictive,
}

impl DrawGroup {
    pub(super) const ALL: [DrawGroup; 4] = [
        DrawGroup::PosteriorPredictive,
        DrawGroup::LogLikelihood,
        DrawGroup::Prior,
        DrawGroup::PriorPredictive,
    ];

    /// ArviZ's name.
    pub fn name(self) -> &'static str {
        match self {
            DrawGroup::PosteriorPredictive => "posterior_predictive",
            DrawGroup::LogLikelihood => "log_likelihood",
            DrawGroup::Prior => "prior",
            DrawGroup::PriorPredictive => "prior_predictive",
        }
    }
}

/// One site's draws.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct DrawVariable {
    pub(crate) name: String,
    pub(crate) group: DrawGroup,
    /// The batch's dimensions, then those of one draw.
    pub(crate) value: Array,
    /// The dimensions of one draw.
    pub(crate) dims: Vec<usize>,
    /// Their names, where they have one: plates'.
    pub(crate) dim_names: Vec<Option<String>>,
}

/// Draws of sites by name, each an array of the batch's dimensions (a number of draws, or chains and draws) and those of
/// one draw: what [`Predictive`](crate::Predictive) and [`log_likelihood`](crate::log_likelihood()) return.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// use pyroxene_inference::Predictive;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let prior = Predictive::new(|_: &()| { sample("x", Normal::new(0.0, 1.0)); }).num_samples(3).run(0, &())?;
/// assert_eq!(prior.site("x")?.dims(), [3]);
/// assert!(prior.get("y").is_none());
/// assert_eq!(prior.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["x"]);
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct SiteDraws {
    /// The number of chains, and of draws in each.
    outer: [usize; 2],
    variables: Vec<DrawVariable>,
    observed_data: Vec<DataVariable>,
    constant_data: Vec<DataVariable>,
}

impl SiteDraws {
    pub(crate) fn new(
        outer: [usize; 2],
        variables: Vec<DrawVariable>,
        data: [Vec<DataVariable>; 2],
    ) -> SiteDraws {
        let [observed_data, constant_data] = data;
        SiteDraws { outer, variables, observed_data, constant_data }
    }

    /// The draws of the site `name`, if they are here.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.variables.iter().find(|v| v.name == name).map(|v| &v.value)
    }

    /// The draws of the site `name`.
    ///
    /// # Errors
    /// When they are not here; the error lists the sites that are.
    pub fn site(&self, name: &str) -> Result<&Array, PosteriorError> {
        self.get(name).ok_or_else(|| PosteriorError::Unknown {
            group: "site",
            name: name.to_owned(),
            known: self.variables.iter().map(|v| v.name.clone()).collect(),
        })
    }

    /// Names and draws, in the order of the model.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Array)> {
        self.variables.iter().map(|v| (&*v.name, &v.value))
    }

    /// The number of chains and of draws in each, as files have them: draws without chains are one.
    pub fn chains_and_draws(&self) -> [usize; 2] {
        self.outer
    }

    pub(super) fn variables(&self) -> &[DrawVariable] {
        &self.variables
    }

    /// Writes the draws to `path`: in ArviZ's groups with the data they came from (`.zarr`, `.json`), or as a table with
    /// a column for each scalar (`.parquet`, `.csv`). See [`Posterior::save`].
    ///
    /// # Errors
    /// As [`Posterior::save`].
    pub fn save(&self, path: impl AsRef<Path>, format: Format) -> Result<(), ExportError> {
        let path = path.as_ref();
        let whole = match format {
            Format::Json | Format::Zarr => Posterior::new([], []).map_err(invalid_posterior).map(|empty| {
                let data = (self.observed_data.clone(), self.constant_data.clone());
                empty.with_data(data.0, data.1).with_site_draws(self.clone())
            }),
            Format::Parquet | Format::Csv => self.table(),
        };
        whole.map_err(|source| ExportError { path: path.to_owned(), source })?.save(path, format)
    }

    /// The draws as if they were a posterior's.
    fn table(&self) -> io::Result<Posterior> {
        let spec = |v: &DrawVariable| {
            SiteSpec::new(&v.name, v.dims.iter().copied()).dim_names(v.dim_names.iter().cloned())
        };
        let values: Vec<Vec<f64>> = self.variables.iter().map(|v| v.value.to_f64_vec()).collect();
        let columns = values.iter().map(Vec::as_slice).collect();
        from_columns((self.variables.iter().map(spec).collect(), columns), (vec![], vec![]), self.outer)
    }
}
