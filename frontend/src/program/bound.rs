//! A program with its data: checked once, on the device once, run many times.

use std::sync::Arc;

use pyroxene_ir::{
    passes::{Check, Query, QueryOutput},
    shape,
};
use pyroxene_runtime::{Backend, Buffer, Launch};

use super::{
    error::{CheckFailure, DataError, Error},
    recorded::Program,
};
use crate::Array;

/// A program bound to data. Clones share the data.
#[derive(Clone)]
pub struct Bound {
    program: Program,
    backend: Arc<dyn Backend>,
    data: Arc<Vec<Array>>,
    buffers: Arc<Vec<Buffer>>,
    /// Values of sites given by `condition` or `substitute`.
    given: Vec<(String, Array)>,
}

impl Bound {
    pub(super) fn new(program: Program, data: Vec<Array>, backend: Arc<dyn Backend>) -> Result<Bound, Error> {
        check(&program, &data)?;
        let buffers = data.iter().map(|a| backend.upload(a)).collect::<Result<Vec<_>, _>>()?;
        Ok(Bound { program, backend, data: Arc::new(data), buffers: Arc::new(buffers), given: Vec::new() })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The data, one array for each leaf in order.
    pub fn data(&self) -> &[Array] {
        &self.data
    }

    /// The device.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// The same with values for the sites that [`Program::condition`] or [`Program::substitute`] has opened.
    ///
    /// # Errors
    /// When a site takes no value, or a value has another type than the site.
    pub fn given(&self, values: &[(&str, Array)]) -> Result<Bound, Error> {
        let mut given = self.given.clone();
        for (name, value) in values {
            given.retain(|(n, _)| n != name);
            given.push(((*name).to_string(), value.clone()));
        }
        let bound = Bound { given, ..self.clone() };
        bound.arguments(Query::Potential, &[], true)?;
        Ok(bound)
    }

    /// The values given so far, by site.
    pub fn given_values(&self) -> &[(String, Array)] {
        &self.given
    }

    /// The site values a query takes, in order, from those given here and those in `values`.
    fn arguments(&self, query: Query, values: &[(&str, Array)], partial: bool) -> Result<Vec<Array>, Error> {
        let wanted = self.program.site_values(query);
        let known = || wanted.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        let names = values.iter().map(|(n, _)| *n).chain(self.given.iter().map(|(n, _)| n.as_str()));
        if let Some(site) = names.into_iter().find(|n| wanted.iter().all(|w| w.name != **n)) {
            return Err(DataError::UnknownSite { site: site.to_string(), known: known() }.into());
        }
        let mut out = Vec::new();
        for input in &wanted {
            let expected = self.site_ty(&input.name);
            let found = values
                .iter()
                .find(|(n, _)| *n == input.name)
                .map(|(_, v)| v)
                .or_else(|| self.given.iter().find(|(n, _)| *n == input.name).map(|(_, v)| v));
            match found {
                Some(value) if value.ty() == expected => out.push(value.clone()),
                Some(value) => {
                    let site = input.name.clone();
                    return Err(DataError::SiteValue { site, expected, found: value.ty() }.into());
                }
                None if partial => {}
                None => {
                    return Err(DataError::MissingSite {
                        site: input.name.clone(),
                        expected,
                        known: known(),
                    }
                    .into());
                }
            }
        }
        Ok(out)
    }

    fn site_ty(&self, name: &str) -> pyroxene_ir::Ty {
        let graph = self.program.graph();
        let found = graph.sites().find(|(_, s)| s.name == name).map(|(v, _)| graph.ty(v).clone());
        found.unwrap_or_else(|| pyroxene_ir::Ty::scalar(pyroxene_ir::DType::F64))
    }

    /// Runs a query on arguments that follow data and site values.
    fn run(&self, query: Query, values: &[(&str, Array)], last: &[Array]) -> Result<Vec<Array>, Error> {
        let compiled = self.program.compile(query, &self.backend)?;
        let mut buffers: Vec<Buffer> = self.buffers.to_vec();
        // Position and key come right after the data; values of sites are asked for as the sites come.
        for array in last.iter().chain(&self.arguments(query, values, false)?) {
            buffers.push(self.backend.upload(array)?);
        }
        let args: Vec<&Buffer> = buffers.iter().collect();
        let results = compiled.executable().run(&args)?;
        results.iter().map(|b| b.to_array().map_err(Error::from)).collect()
    }

    /// The log density of the model at values of its latent sites, on their supports.
    ///
    /// # Errors
    /// When a site's value is missing or has another type.
    pub fn log_density(&self, values: &[(&str, Array)]) -> Result<f64, Error> {
        let out = self.run(Query::LogDensity, values, &[])?;
        Ok(out.first().and_then(|a| a.to_f64_vec().first().copied()).unwrap_or(f64::NAN))
    }

    /// The number of unconstrained coordinates.
    pub fn dimension(&self) -> usize {
        self.program.layout().iter().map(|c| c.unconstrained.len()).sum()
    }

    /// The potential −log p and its gradient at a position on the unconstrained space. For many evaluations use
    /// [`Bound::launch`].
    ///
    /// # Errors
    /// When a latent site has no unconstrained coordinates, or the position has another length.
    pub fn potential_and_gradient(&self, position: &[f64]) -> Result<(f64, Vec<f64>), Error> {
        let out = self.run(Query::PotentialAndGradient, &[], &[Array::from(position)])?;
        let value = out.first().and_then(|a| a.to_f64_vec().first().copied()).unwrap_or(f64::NAN);
        Ok((value, out.get(1).map(Array::to_f64_vec).unwrap_or_default()))
    }

    /// A query made ready for many runs from one thread: data and given values stay, the position is a slot. Returns
    /// the launch and the slot's index.
    ///
    /// # Errors
    /// When the program cannot answer the query.
    pub fn launch(&self, query: Query) -> Result<(Box<dyn Launch>, usize), Error> {
        let compiled = self.program.compile(query, &self.backend)?;
        let mut fixed: Vec<Option<Buffer>> = self.buffers.iter().cloned().map(Some).collect();
        let slot = fixed.len();
        fixed.push(None);
        for array in self.arguments(query, &[], false)? {
            fixed.push(Some(self.backend.upload(&array)?));
        }
        Ok((compiled.executable().clone().launch(fixed)?, slot))
    }

    /// What [`Bound::constrain`] and [`Bound::draws`] return, in order.
    pub fn outputs(&self) -> Vec<QueryOutput> {
        self.program.outputs()
    }

    /// The values of latent and deterministic sites at an unconstrained position.
    ///
    /// # Errors
    /// As [`Bound::potential_and_gradient`].
    pub fn constrain(&self, position: &[f64]) -> Result<Vec<Array>, Error> {
        self.run(Query::Constrain, &[], &[Array::from(position)])
    }

    /// The unconstrained position of values of the latent sites.
    ///
    /// # Errors
    /// When a site's value is missing or has another type, or a latent site is discrete.
    pub fn unconstrain(&self, values: &[(&str, Array)]) -> Result<Vec<f64>, Error> {
        let out = self.run(Query::Unconstrain, values, &[])?;
        Ok(out.first().map(Array::to_f64_vec).unwrap_or_default())
    }

    /// One draw of latent and deterministic sites from the prior; NumPyro's `seed(model, rng_seed=seed)`.
    ///
    /// # Errors
    /// When a site cannot be drawn from.
    pub fn draws(&self, seed: u64) -> Result<Vec<Array>, Error> {
        self.run(Query::Draws, &[], &[pyroxene_ir::threefry::key_from_seed(seed)])
    }
}

/// Evaluates the program's conditions on the data, on the host: they are read once, so a compilation would not pay.
fn check(program: &Program, data: &[Array]) -> Result<(), Error> {
    let checks = program.checks()?;
    let results = pyroxene_ir::eval::eval(&checks.graph, data)?;
    let failed: Vec<CheckFailure> = checks
        .rows
        .iter()
        .zip(results.chunks_exact(2))
        .filter_map(|(row, pair)| failure(row, &pair[0], &pair[1]))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::Checks(failed)) }
}

fn failure(row: &Check, holds: &Array, tested: &Array) -> Option<CheckFailure> {
    let truth = holds.as_slice::<bool>()?;
    let first = truth.iter().position(|t| !t)?;
    // A condition on events has fewer elements than the tested values: show the event's first one.
    let stride = (tested.len() / holds.len().max(1)).max(1);
    Some(CheckFailure {
        site: row.site.clone(),
        subject: row.subject.clone(),
        expected: row.expected.clone(),
        index: shape::unravel(first, holds.dims()).to_vec(),
        found: tested.to_f64_vec().get(first * stride).copied().unwrap_or(f64::NAN),
        count: truth.iter().filter(|t| !**t).count(),
        loc: row.loc.clone(),
    })
}
