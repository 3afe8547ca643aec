//! The gallery: known posteriors as models with their data, one file each, for the command, the tests and the benches.
//!
//! A model's file holds its data's type, its function and the line that makes an [`Entry`] of both. Names and parameters are
//! posteriordb's, and latent sites come in the order of posteriordb's parameters, so that its records compare directly.
//! Where a density depends on a parameter that posteriordb lists later, the site is flat and a factor adds the density.
//!
//! Of the posteriors that the records cover, four are left out: `one_comp_mm_elim_abs` needs a solver of differential
//! equations; `logistic_regression_rhs` of `ovarian`, `radon_variable_intercept_slope_centered` of `radon_all` and
//! `bym2_offset_only` of `traffic_accident_nyc` have data or records of 0.4 to 0.9 MB.

mod problem;
mod shared;

pub use problem::{Problem, problem, read};

use crate::{
    Bound,
    data::{DataFile, DataFileError},
    runtime::default_backend,
};

/// The constant `ENTRY` of a gallery model's file, for the function `model` over the structure `Data`, and the function
/// `data` that reads the data: from an embedded file, or, after `like`, what another model has.
macro_rules! entry {
    ($name:literal, $aliases:expr, $about:literal, $file:literal) => {
        $crate::gallery::entry!(@constant $name, $aliases, $about);

        /// The data that posteriordb has for the model.
        ///
        /// # Errors
        /// When the embedded file lacks a field.
        pub fn data() -> Result<Data<$crate::Array>, $crate::data::DataFileError> {
            $crate::data::DataFile::json($file, include_str!(concat!("data/", $file)))?.read()
        }
    };
    ($name:literal, $aliases:expr, $about:literal, like $model:ident) => {
        pub use super::$model::{Data, data};
        $crate::gallery::entry!(@constant $name, $aliases, $about);
    };
    (@constant $name:literal, $aliases:expr, $about:literal) => {
        /// The gallery's entry.
        pub(super) const ENTRY: $crate::gallery::Entry = $crate::gallery::Entry {
            name: $name,
            aliases: &$aliases,
            about: $about,
            problem: |file| match file {
                Some(_) => $crate::gallery::read(model, file),
                None => Ok($crate::gallery::problem(model, data()?)),
            },
        };
    };
}
use entry;

macro_rules! gallery { ($($module:ident),* $(,)?) => {
    $(pub mod $module;)*

    /// Every model of the gallery.
    pub const GALLERY: &[Entry] = &[$($module::ENTRY),*];
} }

gallery! {
    // Hierarchical models.
    eight_schools_noncentered, eight_schools_centered,
    radon_pooled, radon_partially_pooled_centered, radon_partially_pooled_noncentered,
    radon_hierarchical_intercept_centered, radon_variable_intercept_slope_noncentered,
    pilots, rats_model, lsat_model, seeds_model, surgical_model, losscurve_sislob,
    // Linear regressions.
    kidscore_momiq, kidscore_momhs, kidscore_momhsiq, kidscore_mom_work,
    kidscore_interaction_c, kidscore_interaction_c2, kidscore_interaction_z,
    earn_height, log10earn_height, logearn_height, logearn_height_male, logearn_interaction, logearn_logheight_male,
    mesquite, logmesquite, logmesquite_logvolume, logmesquite_logvash, logmesquite_logvas,
    nes1972, nes1980, nes2000, kilpisjarvi, blr,
    // Regressions on other scales, and rates.
    wells_dist, glm_binomial_model, glm_poisson_model, glmm_poisson_model, dugongs_model,
    rate_1_model, rate_2_model, rate_4_model,
    // Series.
    ark, garch11, hmm_example, hmm_drive_0,
    // Mixtures and a Gaussian process.
    low_dim_gauss_mix, normal_mixture, normal_mixture_k, gp_regr,
}

/// Makes a model with its data: those of the file given, or its own.
pub type MakeProblem = fn(Option<&DataFile>) -> Result<Box<dyn Problem>, DataFileError>;

/// A model with its data under a name, types erased: one row of a gallery.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The full name.
    pub name: &'static str,
    /// Shorter names.
    pub aliases: &'static [&'static str],
    /// One line on what it models.
    pub about: &'static str,
    /// Makes the model with its data: those of the file given, or its own.
    pub problem: MakeProblem,
}

impl Entry {
    /// Whether `name` is its name or an alias.
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|n| n == name)
    }

    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The model recorded and bound to its own data on the default device.
    ///
    /// # Errors
    /// When the data lack a field, the model is wrong, the data do not fit it, or there is no device.
    pub fn bind(&self) -> Result<Bound, Error> {
        let problem = (self.problem)(None)?;
        let backend = default_backend().map_err(crate::Error::from)?;
        Ok(problem.bind(&problem.trace()?, &backend)?)
    }
}

/// A list of entries from model functions, for [`cli::main`](crate::cli::main): a command over models of one's own.
///
/// Each is a path to a function of a [`Tree`](crate::Tree), and goes by the function's name or by one given after `as`;
/// what follows `=>` says what it models. Data come from a file (`--data`), unless the model needs none.
///
/// ```
/// use pyroxene::{models, prelude::*};
///
/// #[derive(Tree, Clone)]
/// struct Counts<L: Leaf = Tensor> { y: L }
///
/// fn counts(d: &Counts) {
///     let rate = sample("rate", Exponential::new(1.0));
///     plate("i", d.y.dim(0), |_| sample("y", Exponential::new(rate).obs(d.y)));
/// }
///
/// let models = models![counts => "waiting times", counts as "again"];
/// assert_eq!(models[0].name, "counts");
/// assert_eq!(models[1].name, "again");
/// ```
#[macro_export]
macro_rules! models { ($($model:path $(as $name:literal)? $(=> $about:literal)?),* $(,)?) => {
    &[$($crate::gallery::Entry {
        name: $crate::models!(@name $model, $($name)?),
        aliases: &[],
        about: concat!("", $($about)?),
        problem: |file| $crate::gallery::read($model, file),
    }),*]
};
    (@name $model:path, ) => { const { $crate::gallery::last_name(stringify!($model)) } };
    (@name $model:path, $name:literal) => { $name };
}

/// The last name of a path, for [`models!`].
#[doc(hidden)]
pub const fn last_name(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let mut start = bytes.len();
    while start > 0 && bytes[start - 1] != b':' && bytes[start - 1] != b' ' {
        start -= 1;
    }
    path.split_at(start).1
}

/// The entry of `entries` with this name or alias.
pub fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.answers_to(name))
}

/// An entry could not be made ready to run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Its data file is not what its model expects.
    #[error(transparent)]
    Data(#[from] DataFileError),
    /// The model, its data or the device failed.
    #[error(transparent)]
    Program(#[from] crate::Error),
}
