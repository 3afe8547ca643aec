//! A multivariate normal distribution of all unconstrained coordinates.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Tensor,
    constraints::scaled_unit_lower_cholesky,
    distributions::MultivariateNormal,
    primitives::{Param, param},
    random::Key,
    transforms::LowerCholeskyAffine,
};

use super::{
    continuous::{drawn, given, latents, normal_quantiles, record, start},
    family::{Family, Latents, Recording},
    options::{Options, setters},
    prototype::Prototype,
};
use crate::{InitStrategy, svi::SviError};

/// A multivariate normal distribution of all unconstrained coordinates (NumPyro's `AutoMultivariateNormal`).
///
/// Parameters: `auto_loc`, `[n]`, and `auto_scale_tril`, `[n, n]`, the Cholesky factor of the covariance of `n`
/// coordinates in all.
#[derive(Clone, Debug)]
pub struct AutoMultivariateNormal {
    options: Options,
}

impl Default for AutoMultivariateNormal {
    fn default() -> Self {
        AutoMultivariateNormal { options: Options::new(InitStrategy::default()) }
    }
}

impl AutoMultivariateNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    setters!(common, init_scale);

    fn loc(&self) -> String {
        self.options.param("loc")
    }

    fn scale_tril(&self) -> String {
        self.options.param("scale_tril")
    }

    /// The distribution of the coordinates at these parameters.
    pub fn get_posterior(&self, params: &IndexMap<String, Tensor>) -> MultivariateNormal {
        MultivariateNormal::from_scale_tril(given(params, &self.loc()), given(params, &self.scale_tril()))
    }

    /// The transform that makes coordinates of independent standard normal numbers.
    pub fn get_transform(&self, params: &IndexMap<String, Tensor>) -> LowerCholeskyAffine {
        LowerCholeskyAffine::new(given(params, &self.loc()), given(params, &self.scale_tril()))
    }
}

impl Family for AutoMultivariateNormal {
    const NAME: &'static str = "AutoMultivariateNormal";
    const LOCAL: bool = false;

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, recording: &Recording<'_>) {
        let n = recording.prototype.latent_dim();
        let loc = param(&self.loc(), Param::new(Tensor::zeros(&[n])));
        let scale_tril = Param::new(Tensor::eye(n) * self.options.init_scale);
        let scale_tril = param(&self.scale_tril(), scale_tril.constraint(scaled_unit_lower_cholesky()));
        record(recording, &self.options.prefix, MultivariateNormal::from_scale_tril(loc, scale_tril));
    }

    fn params(&self, _: &Prototype) -> Vec<String> {
        vec![self.loc(), self.scale_tril()]
    }

    fn start(&self, _: &Bound, _: &Prototype, position: &[f64]) -> Result<Vec<(String, Array)>, SviError> {
        Ok(start(self.loc(), position))
    }

    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents {
        latents(prototype, given(params, &self.loc()))
    }

    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents {
        let scale = given(params, &self.scale_tril()).square().sum_axis(-1).sqrt();
        latents(prototype, normal_quantiles(given(params, &self.loc()), scale, q))
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
