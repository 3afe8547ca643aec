//! The result of a sampling run: every site's draws and every sampler statistic, filled chain by chain.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{groups::DataVariable, site_draws::SiteDraws, view::View};

/// ArviZ's names for the statistics of a transition; use these and no synonyms.
pub mod stat {
    /// The joint log density of the draw.
    pub const LP: &str = "lp";
    /// The mean Metropolis acceptance probability over the trajectory.
    pub const ACCEPTANCE_RATE: &str = "acceptance_rate";
    /// The integrator's step size.
    pub const STEP_SIZE: &str = "step_size";
    /// The depth of the trajectory's tree.
    pub const TREE_DEPTH: &str = "tree_depth";
    /// The number of leapfrog steps.
    pub const N_STEPS: &str = "n_steps";
    /// Whether the trajectory diverged.
    pub const DIVERGING: &str = "diverging";
    /// The Hamiltonian at the draw.
    pub const ENERGY: &str = "energy";
    /// The energy's change from the previous draw.
    pub const ENERGY_ERROR: &str = "energy_error";
    /// The largest difference in energy, in size, between the previous draw and a point of the trajectory; infinite where
    /// one has no finite energy. The in-graph engine's alone.
    pub const MAX_ENERGY_ERROR: &str = "max_energy_error";
    /// Whether the trajectory was cut off at the largest tree depth.
    pub const REACHED_MAX_TREE_DEPTH: &str = "reached_max_tree_depth";
    /// The number of steps from the start of the trajectory to the draw, negative backwards in time.
    pub const INDEX_IN_TRAJECTORY: &str = "index_in_trajectory";
}

/// Name and shape of one sampled quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSpec {
    name: String,
    dims: Vec<usize>,
    dim_names: Vec<Option<String>>,
}

impl SiteSpec {
    /// A site called `name` whose one draw has dimensions `dims` (none for a scalar).
    pub fn new(name: impl Into<String>, dims: impl IntoIterator<Item = usize>) -> SiteSpec {
        let dims: Vec<usize> = dims.into_iter().collect();
        SiteSpec { name: name.into(), dim_names: vec![None; dims.len()], dims }
    }

    /// Names the dimensions, outermost first (a plate gives its name to its dimension). Names beyond the last
    /// dimension are dropped; dimensions beyond the last name stay unnamed.
    #[must_use]
    pub fn dim_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = Option<S>>) -> SiteSpec {
        for (slot, name) in self.dim_names.iter_mut().zip(names) {
            *slot = name.map(Into::into);
        }
        self
    }

    /// The site's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dimensions of one draw, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The dimensions' names, where they have one.
    pub fn names_of_dims(&self) -> &[Option<String>] {
        &self.dim_names
    }

    /// The number of scalars in one draw.
    pub fn size(&self) -> usize {
        self.dims.iter().product()
    }
}

/// How a statistic is written: all are stored as `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatKind {
    /// A real number.
    Real,
    /// A whole number.
    Count,
    /// Nonzero is true.
    Flag,
}

/// Name and kind of one statistic of a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatSpec {
    site: SiteSpec,
    kind: StatKind,
}

impl StatSpec {
    /// A statistic called `name` (see [`stat`]).
    pub fn new(name: impl Into<String>, kind: StatKind) -> StatSpec {
        StatSpec { site: SiteSpec::new(name, []), kind }
    }

    /// The statistic's name.
    pub fn name(&self) -> &str {
        self.site.name()
    }

    /// How it is written.
    pub fn kind(&self) -> StatKind {
        self.kind
    }
}

/// Why draws could not be stored or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PosteriorError {
    /// Two sites, or two statistics, of one name.
    #[error("two {group} are named `{name}`: give each its own name")]
    DuplicateName {
        /// "sites" or "statistics".
        group: &'static str,
        /// The name given twice.
        name: String,
    },
    /// A block with another number of columns than there are sites or statistics.
    #[error(
        "a block of draws has {found} columns of {group}, expected {expected}: one for each, in their order"
    )]
    Columns {
        /// "sites" or "statistics".
        group: &'static str,
        /// The number declared.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A column of another length than its shape and the number of draws make.
    #[error(
        "`{name}` has {found} values for {draws} draws, expected {expected}: {draws} times the size of one draw"
    )]
    Values {
        /// The site or statistic.
        name: String,
        /// The number of draws in the block.
        draws: usize,
        /// The number of values that makes.
        expected: usize,
        /// The number of values given.
        found: usize,
    },
    /// A chain recorded for another posterior.
    #[error(
        "the chain records other sites or statistics than this posterior: start it with `Posterior::chain`"
    )]
    OtherLayout,
    /// A chain of another length than the ones before.
    #[error("chain {chain} has {found} draws, the chains before it {expected}: truncate to the shortest")]
    ChainLength {
        /// The chain's index.
        chain: usize,
        /// The length of the chains before.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// No site or statistic of that name.
    #[error("no {group} named `{name}`; there are: {}", .known.join(", "))]
    Unknown {
        /// "site" or "statistic".
        group: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

/// The sites and statistics of a run, shared by the posterior and its chains' recorders.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    sites: IndexMap<String, SiteSpec>,
    stats: IndexMap<String, StatSpec>,
}

/// The draws of one chain while it runs: `Send`, one a thread.
#[derive(Debug, Clone)]
pub struct ChainDraws {
    layout: Arc<Layout>,
    draws: usize,
    /// One column a site, `[draw][element]`.
    sites: Vec<Vec<f64>>,
    /// One column a statistic, `[draw]`.
    stats: Vec<Vec<f64>>,
}

impl ChainDraws {
    /// Appends one draw: `sites` holds one row-major slice a site, `stats` one number a statistic, each in the order
    /// of [`Posterior::new`].
    ///
    /// # Errors
    /// When the numbers of columns or values are others than declared; nothing is appended then.
    pub fn push<C: AsRef<[f64]>>(&mut self, sites: &[C], stats: &[f64]) -> Result<(), PosteriorError> {
        let stats: Vec<&[f64]> = stats.chunks_exact(1).collect();
        self.extend(1, sites, &stats)
    }

    /// Appends a block of `draws` draws: `sites` holds one `[draw][element]` slice a site, `stats` one `[draw]` slice
    /// a statistic.
    ///
    /// # Errors
    /// As [`ChainDraws::push`].
    pub fn extend<C: AsRef<[f64]>, S: AsRef<[f64]>>(
        &mut self,
        draws: usize,
        sites: &[C],
        stats: &[S],
    ) -> Result<(), PosteriorError> {
        let stat_sizes = self.layout.stats.values().map(|s| (s.name(), 1));
        check_block("statistics", draws, stats, stat_sizes)?;
        self.extend_sites(draws, sites)?;
        for (column, block) in self.stats.iter_mut().zip(stats) {
            column.extend_from_slice(block.as_ref());
        }
        Ok(())
    }

    /// The sites' part of [`ChainDraws::extend`], for draws whose statistics [`ChainDraws::extend_stats`] appends.
    pub(crate) fn extend_sites<C: AsRef<[f64]>>(
        &mut self,
        draws: usize,
        sites: &[C],
    ) -> Result<(), PosteriorError> {
        let site_sizes = self.layout.sites.values().map(|s| (s.name(), s.size()));
        check_block("sites", draws, sites, site_sizes)?;
        for (column, block) in self.sites.iter_mut().zip(sites) {
            column.extend_from_slice(block.as_ref());
        }
        self.draws += draws;
        Ok(())
    }

    /// The statistics' part: rows of `width` numbers, of which those at `places` are the statistics.
    pub(crate) fn extend_stats(
        &mut self,
        rows: &[f64],
        width: usize,
        places: impl IntoIterator<Item = usize>,
    ) {
        for (column, place) in self.stats.iter_mut().zip(places) {
            column.extend(rows.chunks_exact(width).map(|row| row[place]));
        }
    }

    /// Makes room for so many more draws. Where there is none, it is made as they come.
    pub(crate) fn reserve(&mut self, draws: usize) {
        let sizes = self.layout.sites.values().map(SiteSpec::size).chain(std::iter::repeat(1));
        for (column, size) in self.sites.iter_mut().chain(&mut self.stats).zip(sizes) {
            let _ = column.try_reserve_exact(draws.saturating_mul(size));
        }
    }

    /// The number of draws so far.
    pub fn num_draws(&self) -> usize {
        self.draws
    }

    /// Keeps the first `draws` draws: an interrupted run leaves chains of different lengths.
    pub fn truncate(&mut self, draws: usize) {
        self.draws = self.draws.min(draws);
        for (column, site) in self.sites.iter_mut().zip(self.layout.sites.values()) {
            column.truncate(self.draws * site.size());
        }
        for column in &mut self.stats {
            column.truncate(self.draws);
        }
    }
}

fn check_block<'a, C: AsRef<[f64]>>(
    group: &'static str,
    draws: usize,
    block: &[C],
    sizes: impl ExactSizeIterator<Item = (&'a str, usize)>,
) -> Result<(), PosteriorError> {
    if block.len() != sizes.len() {
        return Err(PosteriorError::Columns { group, expected: sizes.len(), found: block.len() });
    }
    for (values, (name, size)) in block.iter().zip(sizes) {
        let (expected, found) = (draws * size, values.as_ref().len());
        if expected != found {
            return Err(PosteriorError::Values { name: name.to_owned(), draws, expected, found });
        }
    }
    Ok(())
}

/// Draws from a posterior, `[chain][draw]` and the dimensions of one draw, with the sampler's statistics.
///
/// ```
/// use pyroxene_inference::{Posterior, SiteSpec, StatKind, StatSpec, stat};
/// let sites = [SiteSpec::new("mu", []), SiteSpec::new("theta", [2]).dim_names([Some("school")])];
/// let mut posterior = Posterior::new(sites, [StatSpec::new(stat::DIVERGING, StatKind::Flag)])?;
/// for c in 0..4 {
///     let mut chain = posterior.chain();
///     for d in 0..10 {
///         let x = f64::from(c * 10 + d);
///         chain.push(&[vec![x], vec![x, 2.0 * x]], &[0.0])?;
///     }
///     posterior.push_chain(chain)?;
/// }
/// let theta = posterior.site("theta")?;
/// assert_eq!(theta.shape(), [4, 10, 2]);
/// assert_eq!(theta.mean(), [19.5, 39.0]);
/// # Ok::<(), pyroxene_inference::PosteriorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Posterior {
    layout: Arc<Layout>,
    chains: usize,
    draws: usize,
    /// One column a site, `[chain][draw][element]`.
    sites: Vec<Vec<f64>>,
    /// One column a statistic, `[chain][draw]`.
    stats: Vec<Vec<f64>>,
    warmup: Option<Box<Posterior>>,
    observed_data: Vec<DataVariable>,
    constant_data: Vec<DataVariable>,
    site_draws: Vec<SiteDraws>,
}

impl Posterior {
    /// A posterior without draws yet, of `sites` and statistics in the order given.
    ///
    /// # Errors
    /// When two sites or two statistics have one name.
    pub fn new(
        sites: impl IntoIterator<Item = SiteSpec>,
        stats: impl IntoIterator<Item = StatSpec>,
    ) -> Result<Posterior, PosteriorError> {
        let sites = by_name("sites", sites, SiteSpec::name)?;
        let stats = by_name("statistics", stats, StatSpec::name)?;
        Ok(Posterior {
            chains: 0,
            draws: 0,
            sites: vec![vec![]; sites.len()],
            stats: vec![vec![]; stats.len()],
            layout: Arc::new(Layout { sites, stats }),
            warmup: None,
            observed_data: Vec::new(),
            constant_data: Vec::new(),
            site_draws: Vec::new(),
        })
    }

    /// An empty recorder for one chain of this posterior.
    pub fn chain(&self) -> ChainDraws {
        ChainDraws {
            draws: 0,
            sites: vec![vec![]; self.layout.sites.len()],
            stats: vec![vec![]; self.layout.stats.len()],
            layout: Arc::clone(&self.layout),
        }
    }

    /// Appends a chain.
    ///
    /// # Errors
    /// When its length differs from the chains' before it, or it was recorded for other sites.
    pub fn push_chain(&mut self, chain: ChainDraws) -> Result<(), PosteriorError> {
        if self.layout != chain.layout {
            return Err(PosteriorError::OtherLayout);
        }
        if self.chains > 0 && chain.draws != self.draws {
            let (expected, found) = (self.draws, chain.draws);
            return Err(PosteriorError::ChainLength { chain: self.chains, expected, found });
        }
        let columns = self.sites.iter_mut().chain(&mut self.stats);
        for (column, new) in columns.zip(chain.sites.into_iter().chain(chain.stats)) {
            // The first chain's memory becomes the posterior's.
            if self.chains == 0 {
                *column = new;
            } else {
                column.extend(new);
            }
        }
        self.chains += 1;
        self.draws = chain.draws;
        Ok(())
    }

    /// The same draws, with those of the warm-up beside them.
    #[must_use]
    pub fn with_warmup(mut self, warmup: Posterior) -> Posterior {
        self.warmup = Some(Box::new(warmup));
        self
    }

    /// The adapting transitions, where the run collected them; they are no draws from the posterior.
    pub fn warmup(&self) -> Option<&Posterior> {
        self.warmup.as_deref()
    }

    /// The same draws, with the data they are conditioned on: the observed sites' values, and the rest of the data.
    #[must_use]
    pub fn with_data(mut self, observed: Vec<DataVariable>, constant: Vec<DataVariable>) -> Posterior {
        (self.observed_data, self.constant_data) = (observed, constant);
        self
    }

    /// The observed sites' values, ArviZ's group `observed_data`.
    pub fn observed_data(&self) -> &[DataVariable] {
        &self.observed_data
    }

    /// The data that are no observed site's value, ArviZ's group `constant_data`.
    pub fn constant_data(&self) -> &[DataVariable] {
        &self.constant_data
    }

    /// The same draws, with predictions, log likelihoods or draws from the prior beside them: groups of their own in
    /// ArviZ's files.
    #[must_use]
    pub fn with_site_draws(mut self, draws: SiteDraws) -> Posterior {
        self.site_draws.push(draws);
        self
    }

    /// What [`Posterior::with_site_draws`] put beside the draws.
    pub fn site_draws(&self) -> &[SiteDraws] {
        &self.site_draws
    }

    /// The number of chains.
    pub fn num_chains(&self) -> usize {
        self.chains
    }

    /// The number of draws in each chain.
    pub fn num_draws(&self) -> usize {
        self.draws
    }

    /// The sites, in the order of the model.
    pub fn sites(&self) -> impl ExactSizeIterator<Item = View<'_>> {
        (0..self.sites.len()).map(|i| self.view(&self.layout.sites[i], &self.sites[i]))
    }

    /// The sampler's statistics.
    pub fn stats(&self) -> impl ExactSizeIterator<Item = View<'_>> {
        (0..self.stats.len()).map(|i| self.view(&self.layout.stats[i].site, &self.stats[i]))
    }

    /// The sampler's statistics' names and kinds, in the order of [`Posterior::stats`].
    pub fn stat_specs(&self) -> impl ExactSizeIterator<Item = &StatSpec> {
        self.layout.stats.values()
    }

    /// The draws of the site `name`, if there is one.
    pub fn get(&self, name: &str) -> Option<View<'_>> {
        let (i, _, spec) = self.layout.sites.get_full(name)?;
        Some(self.view(spec, &self.sites[i]))
    }

    /// The draws of the site `name`.
    ///
    /// # Errors
    /// When there is none; the error lists the sites there are.
    pub fn site(&self, name: &str) -> Result<View<'_>, PosteriorError> {
        self.get(name).ok_or_else(|| unknown("site", name, self.layout.sites.keys()))
    }

    /// The values of the statistic `name`.
    ///
    /// # Errors
    /// When there is none; the error lists the statistics there are.
    pub fn stat(&self, name: &str) -> Result<View<'_>, PosteriorError> {
        let found =
            self.layout.stats.get_full(name).map(|(i, _, spec)| self.view(&spec.site, &self.stats[i]));
        found.ok_or_else(|| unknown("statistic", name, self.layout.stats.keys()))
    }

    fn view<'a>(&'a self, spec: &'a SiteSpec, values: &'a [f64]) -> View<'a> {
        View::new(spec, self.chains, self.draws, values)
    }
}

fn by_name<T>(
    group: &'static str,
    specs: impl IntoIterator<Item = T>,
    name: fn(&T) -> &str,
) -> Result<IndexMap<String, T>, PosteriorError> {
    let mut map = IndexMap::new();
    for spec in specs {
        let name = name(&spec).to_owned();
        if map.insert(name.clone(), spec).is_some() {
            return Err(PosteriorError::DuplicateName { group, name });
        }
    }
    Ok(map)
}

fn unknown<'a>(group: &'static str, name: &str, known: impl Iterator<Item = &'a String>) -> PosteriorError {
    PosteriorError::Unknown { group, name: name.to_owned(), known: known.cloned().collect() }
}
