//! The errors of predictions.

/// A prediction could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictiveError {
    /// The model, its data or the device is at fault.
    #[error(transparent)]
    Program(#[from] pyroxene_frontend::Error),
    /// The guide is at fault.
    #[error(transparent)]
    Guide(#[from] Box<crate::svi::SviError>),
    /// Nobody said how many draws to make.
    #[error("neither draws nor their number are given: call `posterior(&posterior)` or `num_samples(n)`")]
    NoSamples,
    /// Draws are given, and another number of them is asked for.
    #[error(
        "`num_samples` is {found}, but {expected} draws are given; help: leave it out, or give as many draws"
    )]
    NumSamples {
        /// The number asked for.
        found: usize,
        /// The number given.
        expected: usize,
    },
    /// An array of draws has other batch dimensions than the ones before.
    #[error(
        "the draws of `{site}` have dimensions {found:?}, expected them to begin with {expected:?}, as `batch_ndims` and the other draws say"
    )]
    Batch {
        /// The site.
        site: String,
        /// The array's dimensions.
        found: Vec<usize>,
        /// The batch.
        expected: Vec<usize>,
    },
    /// An array of draws has fewer dimensions than the batch.
    #[error(
        "the draws of `{site}` have dimensions {found:?}, fewer than the {expected} that `batch_ndims` says"
    )]
    BatchRank {
        /// The site.
        site: String,
        /// The array's dimensions.
        found: Vec<usize>,
        /// The number of batch dimensions.
        expected: usize,
    },
    /// A posterior has chains and draws, no more dimensions.
    #[error("`batch_ndims` is {found} for a posterior, expected 1 for draws or 2 for chains and draws")]
    PosteriorBatch {
        /// The number asked for.
        found: usize,
    },
    /// No site of the draws is one of the model's.
    #[error(
        "none of the draws given is of a site that takes one: they are of {found}; the model has {known}"
    )]
    NothingGiven {
        /// The sites drawn.
        found: String,
        /// The model's.
        known: String,
    },
    /// Everything has a value.
    #[error(
        "there is nothing to draw: no deterministic site, and every sample site has a value, of which {observed} from \
         the data; help: leave these out of the data (a `None` for `obs`), call `uncondition()`, or say with \
         `return_sites` what to return"
    )]
    NothingToDraw {
        /// The observed sites, in words.
        observed: String,
    },
    /// The device returned something else than was asked for.
    #[error("site `{site}`: {source}")]
    Shape {
        /// The site.
        site: String,
        /// What disagrees.
        source: pyroxene_ir::LengthError,
    },
}
