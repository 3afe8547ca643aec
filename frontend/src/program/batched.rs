//! Queries over many draws at once: one dispatch computes what a loop over draws would.

use std::{ops::Range, sync::Arc};

use super::{
    bound::Bound,
    compiled::Compiled,
    error::{DataError, Error},
    recorded::{Opening, Program},
    rng_key::RngKey,
};
use crate::Array;
use indexmap::IndexMap;
use pyroxene_ir::{
    DType, Ty,
    passes::{Many, Query, outputs_of},
};
use pyroxene_runtime::{Buffer, Launch};

/// Results of up to so many bytes are computed in one dispatch, unless [`Batched::max_bytes`] says otherwise.
const MAX_BYTES: usize = 1 << 30;

/// A bound program that answers for many draws at once. Values of sites, positions and results have the draws as their
/// first dimension.
///
/// ```
/// use pyroxene_frontend::{Model, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(|y: &Tensor| {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     plate("i", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
/// });
/// let bound = model.bind(&Array::from([0.5, 1.5, 1.0]))?;
/// let mu = [("mu", Array::from([0.9, 1.0, 1.1, 1.2]))];
/// let log_likelihood = bound.batched(4).log_likelihood(&mu)?;
/// assert_eq!(log_likelihood["y"].dims(), [4, 3]);
/// // New values of `y` for each `mu`, although the recording observes it.
/// let replicated = bound.batched(4).uncondition().predictive(0, &mu)?;
/// assert_eq!(replicated["y"].dims(), [4, 3]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Batched<'a> {
    bound: &'a Bound,
    draws: usize,
    max_bytes: usize,
    return_sites: Option<Vec<String>>,
    params: Vec<(String, Array)>,
    uncondition: bool,
}

/// What follows the data among a query's arguments.
#[derive(Default)]
struct Arguments<'a> {
    positions: Option<&'a Array>,
    key: Option<RngKey>,
    values: Vec<SiteValue>,
}

/// A value for a site.
struct SiteValue {
    site: String,
    value: Array,
    /// Whether it is one for all draws.
    is_shared: bool,
}

impl Bound {
    /// The same program for `draws` draws at once.
    pub fn batched(&self, draws: usize) -> Batched<'_> {
        let (max_bytes, return_sites, params) = (MAX_BYTES, None, Vec::new());
        Batched { bound: self, draws, max_bytes, return_sites, params, uncondition: false }
    }

    /// The log density of each sample site at values of the latent ones, element by element of its batch, with its
    /// mask and its scale (NumPyro's `compute_log_probs(.., sum_log_prob=False)`). Their sum is
    /// [`Bound::log_density`].
    ///
    /// # Errors
    /// When a site's value is missing or has another type.
    pub fn log_probs(&self, values: &[(&str, Array)]) -> Result<IndexMap<String, Array>, Error> {
        self.by_site(Query::LogProbs, values)
    }

    /// The log likelihood: [`Bound::log_probs`] of observed sites alone, without scale.
    ///
    /// # Errors
    /// As [`Bound::log_probs`].
    pub fn log_likelihood(&self, values: &[(&str, Array)]) -> Result<IndexMap<String, Array>, Error> {
        self.by_site(Query::LogLikelihood, values)
    }

    fn by_site(&self, query: Query, values: &[(&str, Array)]) -> Result<IndexMap<String, Array>, Error> {
        let results = self.run(query, values, &[])?;
        Ok(outputs_of(self.recorded().graph(), query).into_iter().map(|o| o.name).zip(results).collect())
    }
}

impl Batched<'_> {
    /// Computes results of more bytes than this in several dispatches, each of so many draws that it stays below. The
    /// results are the same. Default 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, n: usize) -> Self {
        self.max_bytes = n;
        self
    }

    /// The sites that [`Batched::predictive`] returns (`return_sites`): any sample, deterministic or param sites. Unless
    /// given: the sample sites that are drawn, and deterministic sites.
    #[must_use]
    pub fn return_sites<S: Into<String>>(mut self, sites: impl IntoIterator<Item = S>) -> Self {
        self.return_sites = Some(sites.into_iter().map(Into::into).collect());
        self
    }

    /// Values of parameters that all draws of [`Batched::predictive`] share, in place of their initial ones; those of other
    /// programs are left aside.
    #[must_use]
    pub fn params(mut self, params: &[(&str, Array)]) -> Self {
        let known = self.bound.recorded().params();
        let own = params.iter().filter(|(name, _)| known.iter().any(|p| p.name == *name));
        self.params = own.map(|(name, value)| ((*name).to_string(), value.clone())).collect();
        self
    }

    /// Has [`Batched::predictive`] draw observed sites too, as NumPyro's `uncondition` around the model does.
    #[must_use]
    pub fn uncondition(mut self) -> Self {
        self.uncondition = true;
        self
    }

    /// Runs the program for each draw with the values `given` to sample sites and draws the others (NumPyro's
    /// `Predictive`): latent sites without a value, and, after [`Batched::uncondition`], observed ones. Deterministic
    /// sites are computed anew.
    ///
    /// The key is split into one for each draw, unless there is only one: draws equal NumPyro's under the same key.
    ///
    /// # Errors
    /// When a name is no sample site, a value does not have the site's type behind its first dimension, a parameter's has
    /// another type than it, a site cannot
    /// be drawn from, or [`Batched::return_sites`] names none that exists.
    pub fn predictive(
        &self,
        key: impl Into<RngKey>,
        given: &[(&str, Array)],
    ) -> Result<IndexMap<String, Array>, Error> {
        let mut names: Vec<String> = given.iter().map(|(name, _)| (*name).to_string()).collect();
        names.sort_unstable();
        let params = self.params.iter().map(|(name, _)| name.clone()).collect();
        let opening = Opening { given: names, params, uncondition: self.uncondition };
        let program = self.bound.recorded().opened(opening)?;
        let values = self.values(&program, Query::Predictive, given)?;
        let sites = self.returned(&program, given)?;
        let key = Some(key.into());
        self.run_by_site(
            &program,
            Query::Predictive,
            Some(sites),
            &Arguments { key, values, positions: None },
        )
    }

    /// The names that [`Batched::predictive`] returns.
    fn returned(&self, program: &Program, given: &[(&str, Array)]) -> Result<Vec<String>, Error> {
        let all = outputs_of(program.graph(), Query::Predictive);
        let Some(asked) = &self.return_sites else {
            let drawn = outputs_of(program.graph(), Query::Draws).into_iter();
            let drawn = drawn.filter(|o| !given.iter().any(|(name, _)| *name == o.name));
            return Ok(drawn.map(|o| o.name).collect());
        };
        match asked.iter().find(|name| all.iter().all(|o| o.name != **name)) {
            None => Ok(asked.clone()),
            Some(unknown) => {
                let known = all.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", ");
                Err(DataError::NoSite { site: unknown.clone(), known }.into())
            }
        }
    }

    /// The log likelihood of each observed site, `[draws, batch..]`, at values of the latent ones (NumPyro's
    /// `log_likelihood`).
    ///
    /// # Errors
    /// When a site's value is missing or does not have the site's type behind its first dimension.
    pub fn log_likelihood(&self, values: &[(&str, Array)]) -> Result<IndexMap<String, Array>, Error> {
        self.densities(Query::LogLikelihood, values)
    }

    /// [`Bound::log_probs`] at each draw, `[draws, batch..]`.
    ///
    /// # Errors
    /// As [`Batched::log_likelihood`].
    pub fn log_probs(&self, values: &[(&str, Array)]) -> Result<IndexMap<String, Array>, Error> {
        self.densities(Query::LogProbs, values)
    }

    fn densities(&self, query: Query, values: &[(&str, Array)]) -> Result<IndexMap<String, Array>, Error> {
        let program = self.bound.recorded();
        let values = self.values(program, query, values)?;
        self.run_by_site(program, query, None, &Arguments { values, ..Arguments::default() })
    }

    /// [`Bound::log_density`] at each draw: `f64[draws]`.
    ///
    /// # Errors
    /// As [`Batched::log_likelihood`].
    pub fn log_density(&self, values: &[(&str, Array)]) -> Result<Array, Error> {
        let values = self.values(self.bound.recorded(), Query::LogDensity, values)?;
        self.run_one(Query::LogDensity, &[], &Arguments { values, ..Arguments::default() })
    }

    /// [`Bound::unconstrain`] of each draw: positions, `f64[draws, dimension]`.
    ///
    /// # Errors
    /// As [`Batched::log_likelihood`], or when a latent site is discrete.
    pub fn unconstrain(&self, values: &[(&str, Array)]) -> Result<Array, Error> {
        let values = self.values(self.bound.recorded(), Query::Unconstrain, values)?;
        let dimension = [self.bound.dimension()];
        self.run_one(Query::Unconstrain, &dimension, &Arguments { values, ..Arguments::default() })
    }

    /// [`Bound::constrain`] at each of the positions, `f64[draws, dimension]`: latent and deterministic sites by name.
    ///
    /// # Errors
    /// When the positions have other dimensions, or a latent site is discrete.
    pub fn constrain(&self, positions: &Array) -> Result<IndexMap<String, Array>, Error> {
        let program = self.bound.recorded();
        let ty = Ty::new(DType::F64, [self.draws, self.bound.dimension()]);
        if positions.ty() != ty {
            let (site, found) = ("position".into(), positions.ty());
            return Err(DataError::SiteValue { site, expected: ty, found }.into());
        }
        let values = self.values(program, Query::Constrain, &[])?;
        let arguments = Arguments { positions: Some(positions), values, key: None };
        self.run_by_site(program, Query::Constrain, None, &arguments)
    }

    /// [`Batched::constrain`] made ready for many runs from one thread, each in one dispatch: data and given values stay, the
    /// positions, `f64[draws, dimension]`, are a slot. Returns the launch, whose outputs are [`Bound::outputs`] in order, and
    /// the slot's index.
    ///
    /// # Errors
    /// When a latent site is discrete, or the device has no room.
    pub fn launch_constrain(&self) -> Result<(Box<dyn Launch>, usize), Error> {
        let program = self.bound.recorded();
        let values = self.values(program, Query::Constrain, &[])?;
        let arguments = Arguments { values, ..Arguments::default() };
        let compiled = self.compiled(program, Query::Constrain, None, &arguments, self.draws)?;
        let mut fixed: Vec<Option<Buffer>> = self.bound.fixed(&compiled)?.into_iter().map(Some).collect();
        let slot = fixed.len();
        fixed.push(None);
        for array in arguments.part(0..self.draws)? {
            fixed.push(Some(self.bound.backend().upload(&array)?));
        }
        Ok((compiled.executable().clone().launch(fixed)?, slot))
    }

    /// The values a query takes, in order: those of draws, converted to their sites' element types, and those that the
    /// bound program was given.
    fn values(
        &self,
        program: &Program,
        query: Query,
        values: &[(&str, Array)],
    ) -> Result<Vec<SiteValue>, Error> {
        let wanted = program.values_of(query);
        let known = || wanted.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some((name, _)) = values.iter().find(|(name, _)| wanted.iter().all(|(w, _)| w != name)) {
            return Err(DataError::UnknownSite { site: (*name).to_string(), known: known() }.into());
        }
        let value = |(site, ty): &(String, Ty)| {
            let site = site.clone();
            let expected = batched(ty, self.draws);
            if let Some((_, value)) = values.iter().find(|(n, _)| *n == site) {
                if value.dims() == expected.dims.as_slice() {
                    return Ok(SiteValue { site, value: value.convert(ty.dtype), is_shared: false });
                }
                return Err(DataError::SiteValue { site, expected, found: value.ty() }.into());
            }
            match self.params.iter().chain(self.bound.given_values()).find(|(n, _)| *n == site) {
                Some((_, value)) if value.ty() != *ty => {
                    let (expected, found) = (ty.clone(), value.ty());
                    Err(DataError::SiteValue { site, expected, found }.into())
                }
                Some((_, value)) => Ok(SiteValue { site, value: value.clone(), is_shared: true }),
                None => Err(DataError::MissingSite { site, expected, known: known() }.into()),
            }
        };
        wanted.iter().map(value).collect()
    }

    fn run_by_site(
        &self,
        program: &Program,
        query: Query,
        sites: Option<Vec<String>>,
        arguments: &Arguments<'_>,
    ) -> Result<IndexMap<String, Array>, Error> {
        let listed = outputs_of(program.graph(), query).into_iter();
        let listed: Vec<_> = listed.filter(|o| sites.as_ref().is_none_or(|s| s.contains(&o.name))).collect();
        let tys: Vec<Ty> = listed.iter().map(|o| o.ty.clone()).collect();
        let results = self.run(program, query, sites, &tys, arguments)?;
        Ok(listed.into_iter().map(|o| o.name).zip(results).collect())
    }

    fn run_one(&self, query: Query, dims: &[usize], arguments: &Arguments<'_>) -> Result<Array, Error> {
        let ty = Ty::new(DType::F64, dims.iter().copied());
        let results = self.run(self.bound.recorded(), query, None, std::slice::from_ref(&ty), arguments)?;
        Ok(results.into_iter().next().unwrap_or_else(|| Array::zeros(&ty)))
    }

    /// The executable of a query on `size` draws at a time.
    fn compiled(
        &self,
        program: &Program,
        query: Query,
        sites: Option<Vec<String>>,
        arguments: &Arguments<'_>,
        size: usize,
    ) -> Result<Arc<Compiled>, Error> {
        if size == 0 {
            return Err(DataError::NoDraws.into());
        }
        let shared = arguments.values.iter().filter(|v| v.is_shared).map(|v| v.site.clone()).collect();
        let how = Many { draws: size, shared, whole_key: self.draws == 1, sites };
        program.compile_many(query, &how, self.bound.backend())
    }

    /// Runs a query on all draws, in as many dispatches as [`Batched::max_bytes`] makes; `tys` are one draw's results.
    fn run(
        &self,
        program: &Program,
        query: Query,
        sites: Option<Vec<String>>,
        tys: &[Ty],
        arguments: &Arguments<'_>,
    ) -> Result<Vec<Array>, Error> {
        let bytes = tys.iter().fold(0usize, |sum, ty| sum.saturating_add(ty.bytes()));
        let parts = bytes.saturating_mul(self.draws).div_ceil(self.max_bytes.max(1));
        let parts = parts.clamp(1, self.draws.max(1));
        let size = self.draws.div_ceil(parts);
        let compiled = self.compiled(program, query, sites, arguments, size)?;
        let mut whole: Vec<Vec<u8>> = vec![Vec::new(); tys.len()];
        let mut done = 0;
        while done < self.draws {
            // The last part begins earlier rather than be shorter: every part runs the same executable.
            let start = done.min(self.draws - size);
            let results = self.bound.run_compiled(&compiled, &arguments.part(start..start + size)?)?;
            if size == self.draws {
                return Ok(results);
            }
            for ((whole, ty), result) in whole.iter_mut().zip(tys).zip(&results) {
                whole.extend_from_slice(&result.as_bytes()[(done - start) * ty.bytes()..]);
            }
            done = start + size;
        }
        let join = |(ty, bytes): (&Ty, Vec<u8>)| Ok(Array::from_bytes(&batched(ty, self.draws), &bytes)?);
        tys.iter().zip(whole).map(join).collect::<Result<_, pyroxene_runtime::Error>>().map_err(Error::from)
    }
}

impl Arguments<'_> {
    /// The arguments of the draws in `range`, in the order in which a query takes them.
    fn part(&self, range: Range<usize>) -> Result<Vec<Array>, Error> {
        let rows = |array: &Array| {
            if array.dims().first() == Some(&range.len()) {
                return Ok(array.clone());
            }
            let ty = batched(&row(array), range.len());
            let bytes = row(array).bytes();
            let part = Array::from_bytes(&ty, &array.as_bytes()[range.start * bytes..range.end * bytes]);
            part.map_err(pyroxene_runtime::Error::from).map_err(Error::from)
        };
        let mut out = Vec::new();
        out.extend(self.positions.map(rows).transpose()?);
        if let Some(key) = self.key {
            out.extend([key.array(), Array::scalar(range.start as u32)]);
        }
        for SiteValue { value, is_shared, .. } in &self.values {
            out.push(if *is_shared { value.clone() } else { rows(value)? });
        }
        Ok(out)
    }
}

/// The type of `draws` values of type `ty`.
fn batched(ty: &Ty, draws: usize) -> Ty {
    let mut dims = ty.dims.clone();
    dims.insert(0, draws);
    Ty { dtype: ty.dtype, dims }
}

/// The type of one draw.
fn row(array: &Array) -> Ty {
    Ty::new(array.dtype(), array.dims().iter().skip(1).copied())
}
