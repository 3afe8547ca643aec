//! A normal distribution of all unconstrained coordinates, independent of each other.

use std::rc::Rc;

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Tensor,
    constraints::softplus_positive,
    distributions::Normal,
    primitives::{Param, param},
    random::Key,
    transforms::{Affine, Independent, Transform},
};

use super::{
    continuous::{drawn, given, latents, normal_quantiles, record, start},
    family::{Family, Latents, Recording},
    options::{Options, setters},
    prototype::Prototype,
};
use crate::{InitStrategy, svi::SviError};

/// Independent normal distributions of all unconstrained coordinates (NumPyro's `AutoDiagonalNormal`).
///
/// Parameters: `auto_loc`, `[n]`, and `auto_scale`, `[n]`, for `n` coordinates in all.
#[derive(Clone, Debug)]
pub struct AutoDiagonalNormal {
    options: Options,
}

impl Default for AutoDiagonalNormal {
    fn default() -> Self {
        AutoDiagonalNormal { options: Options::new(InitStrategy::default()) }
    }
}

impl AutoDiagonalNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    setters!(common, init_scale);

    fn loc(&self) -> String {
        self.options.param("loc")
    }

    fn scale(&self) -> String {
        self.options.param("scale")
    }

    /// The distribution of the coordinates at these parameters.
    pub fn get_posterior(&self, params: &IndexMap<String, Tensor>) -> Normal {
        Normal::new(given(params, &self.loc()), given(params, &self.scale()))
    }

    /// The transform that makes coordinates of independent standard normal numbers.
    pub fn get_transform(&self, params: &IndexMap<String, Tensor>) -> Rc<dyn Transform> {
        let affine = Affine::new(given(params, &self.loc()), given(params, &self.scale()));
        Rc::new(Independent::new(Rc::new(affine), 1))
    }
}

impl Family for AutoDiagonalNormal {
    const NAME: &'static str = "AutoDiagonalNormal";
    const LOCAL: bool = false;

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, recording: &Recording<'_>) {
        let n = [recording.prototype.latent_dim()];
        let loc = param(&self.loc(), Param::new(Tensor::zeros(&n)));
        let scale = Param::new(Tensor::full(&n, self.options.init_scale)).constraint(softplus_positive());
        let scale = param(&self.scale(), scale);
        record(recording, &self.options.prefix, Normal::new(loc, scale));
    }

    fn params(&self, _: &Prototype) -> Vec<String> {
        vec![self.loc(), self.scale()]
    }

    fn start(&self, _: &Bound, _: &Prototype, position: &[f64]) -> Result<Vec<(String, Array)>, SviError> {
        Ok(start(self.loc(), position))
    }

    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents {
        latents(prototype, given(params, &self.loc()))
    }

    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents {
        let (loc, scale) = (given(params, &self.loc()), given(params, &self.scale()));
        latents(prototype, normal_quantiles(loc, scale, q))
    }

    fn draw(
        &self,
        prototype: &Prototype,
        params: &IndexMap<String, Tensor>,
        key: Key,
        sample_shape: &[usize],
    ) -> Latents {
        drawn(prototype, &self.get_posterior(params), key, sample_shape)
    }
}
