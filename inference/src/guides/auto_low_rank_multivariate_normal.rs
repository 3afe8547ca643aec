//! A multivariate normal distribution of all unconstrained coordinates, whose covariance is a diagonal and a matrix of low
//! rank.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Tensor,
    constraints::softplus_positive,
    distributions::LowRankMultivariateNormal,
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

/// A multivariate normal distribution of all unconstrained coordinates with a covariance of a few directions beside a
/// diagonal (NumPyro's `AutoLowRankMultivariateNormal`).
///
/// Parameters: `auto_loc`, `[n]`, `auto_cov_factor`, `[n, rank]`, and `auto_scale`, `[n]`, for `n` coordinates in all; the
/// covariance is `s (W Wᵀ + 1) s` with `W` the factor and `s` the scale on a diagonal.
#[derive(Clone, Debug)]
pub struct AutoLowRankMultivariateNormal {
    options: Options,
    rank: Option<usize>,
}

impl Default for AutoLowRankMultivariateNormal {
    fn default() -> Self {
        AutoLowRankMultivariateNormal { options: Options::new(InitStrategy::default()), rank: None }
    }
}

impl AutoLowRankMultivariateNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    setters!(common, init_scale);

    /// The number of directions. Default: the square root of the number of coordinates, rounded to the nearest integer.
    #[must_use]
    pub fn rank(mut self, rank: usize) -> Self {
        self.rank = Some(rank);
        self
    }

    fn loc(&self) -> String {
        self.options.param("loc")
    }

    fn cov_factor(&self) -> String {
        self.options.param("cov_factor")
    }

    fn scale(&self) -> String {
        self.options.param("scale")
    }

    /// The distribution of the coordinates at these parameters.
    pub fn get_posterior(&self, params: &IndexMap<String, Tensor>) -> LowRankMultivariateNormal {
        let [loc, cov_factor, scale] =
            [self.loc(), self.cov_factor(), self.scale()].map(|name| given(params, &name));
        of(loc, cov_factor, scale)
    }

    /// The transform that makes coordinates of independent standard normal numbers.
    pub fn get_transform(&self, params: &IndexMap<String, Tensor>) -> LowerCholeskyAffine {
        let scale = given(params, &self.scale()).expand_dims(-1);
        let factor = given(params, &self.cov_factor()) * scale;
        let covariance =
            factor.matmul(factor.matrix_transpose()) + Tensor::diag(scale.square().squeeze(-1), 0);
        LowerCholeskyAffine::new(given(params, &self.loc()), covariance.cholesky())
    }
}

fn of(loc: Tensor, cov_factor: Tensor, scale: Tensor) -> LowRankMultivariateNormal {
    LowRankMultivariateNormal::new(loc, cov_factor * scale.expand_dims(-1), scale * scale)
}

impl Family for AutoLowRankMultivariateNormal {
    const NAME: &'static str = "AutoLowRankMultivariateNormal";
    const LOCAL: bool = false;

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, recording: &Recording<'_>) {
        let n = recording.prototype.latent_dim();
        // Halves go to the even neighbour, as in Python; a square root of an integer is never one.
        let rank = self.rank.unwrap_or_else(|| (n as f64).sqrt().round() as usize);
        let loc = param(&self.loc(), Param::new(Tensor::zeros(&[n])));
        let cov_factor = param(&self.cov_factor(), Param::new(Tensor::zeros(&[n, rank])));
        let scale = Param::new(Tensor::full(&[n], self.options.init_scale)).constraint(softplus_positive());
        let scale = param(&self.scale(), scale);
        record(recording, &self.options.prefix, of(loc, cov_factor, scale));
    }

    fn params(&self, _: &Prototype) -> Vec<String> {
        vec![self.loc(), self.cov_factor(), self.scale()]
    }

    fn start(&self, _: &Bound, _: &Prototype, position: &[f64]) -> Result<Vec<(String, Array)>, SviError> {
        Ok(start(self.loc(), position))
    }

    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents {
        latents(prototype, given(params, &self.loc()))
    }

    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents {
        let spread = given(params, &self.cov_factor()).square().sum_axis(-1) + 1.0;
        let scale = given(params, &self.scale()) * spread.sqrt();
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
