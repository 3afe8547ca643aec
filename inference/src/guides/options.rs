//! What every automatic guide can be told.

use std::{any::Any, fmt, sync::Arc};

use pyroxene_frontend::primitives::Plate;

use crate::init::InitStrategy;

/// A function of the data that makes plates.
type CreatePlates = Arc<dyn Fn(&dyn Any) -> Option<Vec<Plate>> + Send + Sync>;

/// The settings that all automatic guides share.
#[derive(Clone)]
pub(super) struct Options {
    /// What the names of parameters contain.
    pub(super) prefix: String,
    /// Where the sites' locations begin.
    pub(super) init_loc_fn: InitStrategy,
    /// The standard deviations on unconstrained space to begin with.
    pub(super) init_scale: f64,
    pub(super) create_plates: Option<CreatePlates>,
}

impl Options {
    pub(super) fn new(init_loc_fn: InitStrategy) -> Options {
        Options { prefix: "auto".into(), init_loc_fn, init_scale: 0.1, create_plates: None }
    }

    pub(super) fn plates<D: 'static, P: IntoIterator<Item = Plate>>(
        &mut self,
        f: impl Fn(&D) -> P + Send + Sync + 'static,
    ) {
        let f = move |data: &dyn Any| data.downcast_ref::<D>().map(|d| f(d).into_iter().collect());
        self.create_plates = Some(Arc::new(f));
    }

    /// The name of a parameter of a site, or of all.
    pub(super) fn site_param(&self, site: &str, what: &str) -> String {
        format!("{site}_{}_{what}", self.prefix)
    }

    pub(super) fn param(&self, what: &str) -> String {
        format!("{}_{what}", self.prefix)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("prefix", &self.prefix)
            .field("init_loc_fn", &self.init_loc_fn)
            .field("init_scale", &self.init_scale)
            .field("create_plates", &self.create_plates.is_some())
            .finish()
    }
}

/// Methods that set [`Options`] of a guide that holds them as `options`.
macro_rules! setters {
    ($($which:ident),*) => { $($crate::guides::options::setter!($which);)* };
}

macro_rules! setter {
    (common) => {
        /// What the names of its parameters contain. Default `auto`.
        #[must_use]
        pub fn prefix(mut self, prefix: &str) -> Self {
            self.options.prefix = prefix.into();
            self
        }

        /// Where the locations of the sites begin.
        #[must_use]
        pub fn init_loc_fn(mut self, strategy: $crate::InitStrategy) -> Self {
            self.options.init_loc_fn = strategy;
            self
        }
    };
    (init_scale) => {
        /// The standard deviation of each unconstrained coordinate to begin with; positive. Default 0.1.
        #[must_use]
        pub fn init_scale(mut self, scale: f64) -> Self {
            self.options.init_scale = scale;
            self
        }
    };
    (create_plates) => {
        /// A function of the data that makes plates of the model for the guide, as where the data say which elements a
        /// subsample has. The others are made as the model has them; a plate that subsamples draws its elements once, for
        /// the guide and for the model.
        #[must_use]
        pub fn create_plates<D, P>(mut self, f: impl Fn(&D) -> P + Send + Sync + 'static) -> Self
        where
            D: 'static,
            P: IntoIterator<Item = pyroxene_frontend::primitives::Plate>,
        {
            self.options.plates(f);
            self
        }
    };
}

pub(super) use {setter, setters};
