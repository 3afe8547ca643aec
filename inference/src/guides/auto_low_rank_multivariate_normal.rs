//! A multivariate normal distribution of all unconstrained coordinates, whose covariance is a diagonal and a matrix of low
//! rank.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Tensor,
    constraints::softplus_positive,
    distributions::{Distribution, LowRankMultivariateNormal},
    primitives::{Param, Statement, param},
    transforms::LowerCholeskyAffine,
};

use super::{
    continuous::{Continuous, given},
    options::{Options, setters},
};
use crate::InitStrategy;

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

impl AutoLowRankMultivariateNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        AutoLowRankMultivariateNormal { options: Options::new(InitStrategy::default()), rank: None }
    }

    setters!(common, init_scale);

    /// The number of directions. Default: the square root of the number of coordinates, rounded to the nearest integer.
    #[must_use]
    pub fn rank(mut self, rank: usize) -> Self {
        self.rank = Some(rank);
        self
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

impl Continuous for AutoLowRankMultivariateNormal {
    const NAME: &'static str = "AutoLowRankMultivariateNormal";

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, n: usize) -> Statement {
        // Halves go to the even neighbour, as in Python; a square root of an integer is never one.
        let rank = self.rank.unwrap_or_else(|| (n as f64).sqrt().round() as usize);
        let loc = param(&self.loc(), Param::new(Tensor::zeros(&[n])));
        let cov_factor = param(&self.cov_factor(), Param::new(Tensor::zeros(&[n, rank])));
        let scale = Param::new(Tensor::full(&[n], self.options.init_scale)).constraint(softplus_positive());
        of(loc, cov_factor, param(&self.scale(), scale)).into()
    }

    fn params(&self) -> Vec<String> {
        vec![self.loc(), self.cov_factor(), self.scale()]
    }

    fn posterior(&self, params: &IndexMap<String, Tensor>) -> Box<dyn Distribution> {
        Box::new(self.get_posterior(params))
    }

    fn deviations(&self, params: &IndexMap<String, Tensor>) -> Tensor {
        let spread = given(params, &self.cov_factor()).square().sum_axis(-1) + 1.0;
        given(params, &self.scale()) * spread.sqrt()
    }
}
