//! A program with its data: checked once, on the device once, run many times.

use std::sync::{Arc, Mutex, PoisonError};

use pyroxene_ir::{
    DType, Graph, Val,
    passes::{self, Initial, Query, QueryOutput, SiteValues},
};
use pyroxene_runtime::{Backend, Buffer, Launch};

use super::{
    compiled::Compiled,
    error::{CheckFailure, DataError, Error},
    recorded::Program,
};
use crate::Array;

/// What each compiled query has prepared from the data.
type Prepared = Vec<(Arc<Compiled>, Vec<Buffer>)>;

/// A program bound to data. Clones share the data.
#[derive(Clone)]
pub struct Bound {
    program: Program,
    /// The program as it was bound; `program` is its unpinned twin where given values cannot be pinned.
    recorded: Program,
    backend: Arc<dyn Backend>,
    data: Arc<Vec<Array>>,
    buffers: Arc<Vec<Buffer>>,
    prepared: Arc<Mutex<Prepared>>,
    /// Values of sites given by `condition` or `substitute`.
    given: Vec<(String, Array)>,
    pinned: Option<Arc<Pinned>>,
}

/// Where a conditioned program's free coordinates lie in the position of the potential it runs.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// The whole position: pinned coordinates at their values, free ones at zero.
    pub position: Vec<f64>,
    /// The place of each free coordinate in the whole position.
    pub free: Vec<usize>,
    /// For each of [`Bound::outputs`] its place among the results of [`Query::Constrain`].
    pub outputs: Vec<usize>,
    /// The transforms' `log |det J|` at the pinned coordinates: what the compiled log density has too much.
    pub log_det: f64,
}

impl Bound {
    pub(super) fn new(program: Program, data: Vec<Array>, backend: Arc<dyn Backend>) -> Result<Bound, Error> {
        check_unless_open(&program, &data)?;
        let buffers = data.iter().map(|a| backend.upload(a)).collect::<Result<Vec<_>, _>>()?;
        let (data, buffers) = (Arc::new(data), Arc::new(buffers));
        let recorded = program.clone();
        let (prepared, given) = (Arc::default(), Vec::new());
        Ok(Bound { program, recorded, backend, data, buffers, prepared, given, pinned: None })
    }

    /// Another program over these data, or over those of them that it takes, found by their paths. They are checked against
    /// its conditions, and not copied to the device again.
    ///
    /// # Errors
    /// When a leaf is missing or has another type, or when the data break a condition.
    pub fn with_program(&self, program: &Program) -> Result<Bound, Error> {
        let places = program.places_among(self.program.leaves())?;
        let data: Vec<Array> = places.iter().map(|i| self.data[*i].clone()).collect();
        check_unless_open(program, &data)?;
        let buffers = places.iter().map(|i| self.buffers[*i].clone()).collect();
        let (program, recorded) = (program.clone(), program.clone());
        let (data, buffers, backend) = (Arc::new(data), Arc::new(buffers), self.backend.clone());
        let (prepared, given) = (Arc::default(), Vec::new());
        Ok(Bound { program, recorded, backend, data, buffers, prepared, given, pinned: None })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The same with [`Program::drop_constants`].
    #[must_use]
    pub fn drop_constants(&self) -> Bound {
        let (program, recorded) = (self.program.drop_constants(), self.recorded.drop_constants());
        Bound { program, recorded, ..self.clone() }
    }

    /// The program as it was bound, whose given sites are no latent ones.
    pub(super) fn recorded(&self) -> &Program {
        &self.recorded
    }

    /// The data, one array for each leaf in order.
    pub fn data(&self) -> &[Array] {
        &self.data
    }

    /// The device.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// The same with values for the sites that [`Program::condition`] or [`Program::substitute`] has opened. Once all
    /// have one, the program's conditions are checked.
    ///
    /// # Errors
    /// When a site takes no value, a value has another type than the site, or the values break a condition.
    pub fn given(&self, values: &[(&str, Array)]) -> Result<Bound, Error> {
        let open = self.program.given_sites();
        let mut given = self.given.clone();
        for (name, value) in values {
            self.check_value(name, value, &open)?;
            given.retain(|(n, _)| n != name);
            given.push(((*name).to_string(), value.clone()));
        }
        let mut bound = Bound { given, pinned: None, program: self.recorded.clone(), ..self.clone() };
        if let Ok(args) = bound.known_arguments() {
            check(&self.program, &args)?;
            bound.pinned = bound.pin(&args)?;
            if bound.pinned.is_none() && bound.program.pins().is_some() {
                bound.program = bound.recorded.unpinned();
            }
        }
        Ok(bound)
    }

    /// The values given so far, by site.
    pub fn given_values(&self) -> &[(String, Array)] {
        &self.given
    }

    /// The observed sites, given ones among them, with their values: what a posterior is conditioned on. A site whose
    /// observation depends on a latent one is not among them.
    ///
    /// # Errors
    /// When the interpreter refuses a computation on the data.
    pub fn observed(&self) -> Result<Vec<(Val, Array)>, Error> {
        self.evaluated(passes::observed(self.recorded.graph())?)
    }

    /// The sites whose values data and given values decide, with these values.
    pub(super) fn evaluated(&self, of: SiteValues) -> Result<Vec<(Val, Array)>, Error> {
        let values = pyroxene_ir::eval::eval(&of.graph, &self.known_arguments()?)?;
        Ok(of.sites.into_iter().zip(values).collect())
    }

    /// The data and the values given to sites, once all of these have one.
    fn known_arguments(&self) -> Result<Vec<Array>, Error> {
        let given = self.ordered(&self.program.given_sites(), &[])?;
        Ok(self.data.iter().cloned().chain(given).collect())
    }

    /// A graph that makes initial positions of a sampler as [`Initial`] says, and its first arguments: the data, the values given to sites,
    /// and `values` of latent sites in program order. Unconstrained coordinates and a key are to follow.
    ///
    /// # Errors
    /// When a value is of no latent site, or has another type than its site.
    pub fn initial(
        &self,
        draws: usize,
        mean: bool,
        values: &[(String, Array)],
    ) -> Result<(Graph, Vec<Array>), Error> {
        let layout = self.program.layout();
        let latent: Vec<String> = layout.iter().map(|c| c.name.clone()).collect();
        for (name, value) in values {
            self.check_value(name, value, &latent)?;
        }
        let how = Initial { draws, mean, values: values.iter().map(|(name, _)| name.clone()).collect() };
        let graph = passes::initial(self.recorded.graph(), &how)?;
        let values = latent.iter().filter_map(|name| values.iter().find(|(n, _)| n == name));
        let mut arguments = self.known_arguments()?;
        arguments.extend(values.map(|(_, value)| value.clone()));
        Ok((graph, arguments))
    }

    /// Works out the pinned coordinates from data and given values; none if a value cannot be found again from its
    /// coordinates, as on the edge of its support, where they are infinite.
    fn pin(&self, args: &[Array]) -> Result<Option<Arc<Pinned>>, Error> {
        let Some(pins) = self.program.pins() else { return Ok(None) };
        let results = pyroxene_ir::eval::eval(&pins.graph, args)?;
        let (mut position, mut free, mut log_det) = (Vec::new(), Vec::new(), 0.0);
        for site in self.program.whole_layout() {
            let len = site.unconstrained.len();
            match pins.names.iter().position(|n| *n == site.name) {
                Some(i) => {
                    let [u, det, back] = [0, 1, 2].map(|k| &results[3 * i + k]);
                    let given = self.given.iter().find(|(name, _)| *name == site.name);
                    let (u, det) = (u.to_f64_vec(), det.to_f64_vec());
                    let finite = u.iter().chain(&det).all(|x| x.is_finite());
                    if !finite || !given.is_some_and(|(_, value)| is_found_again(value, back)) {
                        return Ok(None);
                    }
                    position.extend(u);
                    log_det += det.iter().sum::<f64>();
                }
                None => {
                    free.extend(position.len()..position.len() + len);
                    position.resize(position.len() + len, 0.0);
                }
            }
        }
        let outputs = self.program.constrained_places();
        Ok(Some(Arc::new(Pinned { position, free, outputs, log_det })))
    }

    /// Where free coordinates lie in the slot of [`Bound::launch`], if some are pinned; else the slot is the position.
    pub fn pinned(&self) -> Option<&Pinned> {
        self.pinned.as_deref()
    }

    fn check_value(&self, name: &str, value: &Array, open: &[String]) -> Result<(), Error> {
        if !open.iter().any(|n| n == name) {
            return Err(DataError::UnknownSite { site: name.to_string(), known: open.join(", ") }.into());
        }
        let expected = self.site_ty(name);
        if value.ty() == expected {
            return Ok(());
        }
        Err(DataError::SiteValue { site: name.to_string(), expected, found: value.ty() }.into())
    }

    /// The values of `names`, from `values` or else from those given.
    fn ordered(&self, names: &[String], values: &[(&str, Array)]) -> Result<Vec<Array>, Error> {
        let find = |name: &String| {
            let own = values.iter().find(|(n, _)| n == name).map(|(_, v)| v);
            own.or_else(|| self.given.iter().find(|(n, _)| n == name).map(|(_, v)| v)).cloned()
        };
        let missing = |name: &String| DataError::MissingSite {
            site: name.clone(),
            expected: self.site_ty(name),
            known: names.join(", "),
        };
        names.iter().map(|name| find(name).ok_or_else(|| missing(name).into())).collect()
    }

    /// The site values a query takes, in order, from `values` and those given.
    fn arguments(&self, query: Query, values: &[(&str, Array)]) -> Result<Vec<Array>, Error> {
        let wanted = self.program.site_values(query);
        for (name, value) in values {
            self.check_value(name, value, &wanted)?;
        }
        // Pinned coordinates are worked out once every given site has its value.
        self.ordered(&self.program.given_sites(), values)?;
        self.ordered(&wanted, values)
    }

    fn site_ty(&self, name: &str) -> pyroxene_ir::Ty {
        let graph = self.program.graph();
        let found = graph.sites().find(|(_, s)| s.name == name).map(|(v, _)| graph.ty(v).clone());
        found.unwrap_or_else(|| pyroxene_ir::Ty::scalar(pyroxene_ir::DType::F64))
    }

    /// The buffers that a compiled query takes first: the data, and what is prepared from them at the first call.
    pub(super) fn fixed(&self, compiled: &Arc<Compiled>) -> Result<Vec<Buffer>, Error> {
        let mut known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let prepared = match known.iter().find(|(of, _)| Arc::ptr_eq(of, compiled)) {
            Some((_, buffers)) => buffers.clone(),
            None => {
                let fresh = compiled.prepare(&self.data, &self.buffers)?;
                known.push((compiled.clone(), fresh.clone()));
                fresh
            }
        };
        Ok([&self.buffers[..], &prepared].concat())
    }

    /// The buffers that a query's executable takes before the position: the data, and what is prepared from them.
    ///
    /// # Errors
    /// When the program cannot answer the query.
    pub fn fixed_arguments(&self, query: Query) -> Result<Vec<Buffer>, Error> {
        self.fixed(&self.program.compile(query, &self.backend)?)
    }

    /// Runs a query on arguments that follow data and site values.
    pub(super) fn run(
        &self,
        query: Query,
        values: &[(&str, Array)],
        last: &[Array],
    ) -> Result<Vec<Array>, Error> {
        let compiled = self.program.compile(query, &self.backend)?;
        // Position and key come right after the data; values of sites are asked for as the sites come.
        self.run_compiled(&compiled, &[last, &self.arguments(query, values)?].concat())
    }

    /// Runs an executable of this program on arguments that follow the data.
    pub(super) fn run_compiled(&self, compiled: &Arc<Compiled>, last: &[Array]) -> Result<Vec<Array>, Error> {
        let mut buffers = self.fixed(compiled)?;
        for array in last {
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
        self.program.dimension()
    }

    /// The potential −log p and its gradient at a position on the unconstrained space. For many evaluations use
    /// [`Bound::launch`].
    ///
    /// # Errors
    /// When a latent site has no unconstrained coordinates, or the position has another length.
    pub fn potential_and_gradient(&self, position: &[f64]) -> Result<(f64, Vec<f64>), Error> {
        let out = self.run(Query::PotentialAndGradient, &[], &[self.whole(position)?])?;
        let value = out.first().and_then(|a| a.to_f64_vec().first().copied()).unwrap_or(f64::NAN);
        let gradient = out.get(1).map(Array::to_f64_vec).unwrap_or_default();
        Ok(match self.pinned() {
            Some(pinned) => (value + pinned.log_det, pinned.free.iter().map(|i| gradient[*i]).collect()),
            None => (value, gradient),
        })
    }

    /// A query made ready for many runs from one thread: data and given values stay, the position is a slot. Returns
    /// the launch and the slot's index. In a conditioned program see [`Bound::pinned`] for what the slot holds.
    ///
    /// # Errors
    /// When the program cannot answer the query.
    pub fn launch(&self, query: Query) -> Result<(Box<dyn Launch>, usize), Error> {
        let compiled = self.program.compile(query, &self.backend)?;
        let mut fixed: Vec<Option<Buffer>> = self.fixed(&compiled)?.into_iter().map(Some).collect();
        let slot = fixed.len();
        fixed.push(None);
        for array in self.arguments(query, &[])? {
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
        let results = self.run(Query::Constrain, &[], &[self.whole(position)?])?;
        Ok(match self.pinned() {
            Some(pinned) => pinned.outputs.iter().map(|i| results[*i].clone()).collect(),
            None => results,
        })
    }

    /// A position with its pinned coordinates.
    pub(super) fn whole(&self, position: &[f64]) -> Result<Array, Error> {
        let expected = self.dimension();
        if position.len() != expected {
            return Err(DataError::Position { expected, found: position.len() }.into());
        }
        let Some(pinned) = self.pinned() else { return Ok(Array::from(position)) };
        let mut whole = pinned.position.clone();
        for (i, x) in pinned.free.iter().zip(position) {
            whole[*i] = *x;
        }
        Ok(Array::from(whole))
    }

    /// The unconstrained position of values of the latent sites.
    ///
    /// # Errors
    /// When a site's value is missing or has another type, or a latent site is discrete.
    pub fn unconstrain(&self, values: &[(&str, Array)]) -> Result<Vec<f64>, Error> {
        let out = self.run(Query::Unconstrain, values, &[])?;
        Ok(out.first().map(Array::to_f64_vec).unwrap_or_default())
    }
}

/// Whether values given to a site are, up to rounding, what their coordinates give back.
fn is_found_again(given: &Array, back: &Array) -> bool {
    // A logarithm and its exponential lose as many roundings as the logarithm is large. Devices take numbers below the
    // normal ones for zero.
    let (epsilon, least) = match given.dtype() {
        DType::F32 => (f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE)),
        _ => (f64::EPSILON, f64::MIN_POSITIVE),
    };
    let rounding = -4.0 * epsilon * least.ln();
    let pairs = given.to_f64_vec().into_iter().zip(back.to_f64_vec());
    let same =
        |(x, y): (f64, f64)| x == 0.0 && y == 0.0 || x.abs() >= least && (x - y).abs() <= rounding * x.abs();
    given.len() == back.len() && pairs.into_iter().all(same)
}

/// Checks the data unless values are still to be given: they take part in the conditions, and with them these are checked.
pub(super) fn check_unless_open(program: &Program, data: &[Array]) -> Result<(), Error> {
    if program.given_sites().is_empty() { check(program, data) } else { Ok(()) }
}

/// Evaluates the program's conditions on the data, on the host: they are read once, so a compilation would not pay.
fn check(program: &Program, data: &[Array]) -> Result<(), Error> {
    let checks = program.checks()?;
    let results = pyroxene_ir::eval::eval(&checks.graph, data)?;
    let failed: Vec<CheckFailure> = checks
        .rows
        .iter()
        .zip(results.chunks_exact(2))
        .filter_map(|(row, pair)| CheckFailure::of(row, &pair[0], &pair[1]))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::Checks(failed)) }
}
