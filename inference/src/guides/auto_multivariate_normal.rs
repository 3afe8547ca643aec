//! A multivariate normal distribution of all unconstrained coordinates.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Tensor,
    constraints::scaled_unit_lower_cholesky,
    distributions::{Distribution, MultivariateNormal},
    primitives::{Param, Statement, param},
    transforms::LowerCholeskyAffine,
};

use super::{
    continuous::{Continuous, given},
    options::{Options, setters},
};
use crate::InitStrategy;

/// A multivariate normal distribution of all unconstrained coordinates (NumPyro's `AutoMultivariateNormal`).
///
/// Parameters: `auto_loc`, `[n]`, and `auto_scale_tril`, `[n, n]`, the Cholesky factor of the covariance of `n`
/// coordinates in all.
#[derive(Clone, Debug)]
pub struct AutoMultivariateNormal {
    options: Options,
}

impl AutoMultivariateNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        AutoMultivariateNormal { options: Options::new(InitStrategy::default()) }
    }

    setters!(common, init_scale);

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

impl Continuous for AutoMultivariateNormal {
    const NAME: &'static str = "AutoMultivariateNormal";

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, n: usize) -> Statement {
        let loc = param(&self.loc(), Param::new(Tensor::zeros(&[n])));
        let scale_tril = Param::new(Tensor::eye(n) * self.options.init_scale);
        let scale_tril = param(&self.scale_tril(), scale_tril.constraint(scaled_unit_lower_cholesky()));
        MultivariateNormal::from_scale_tril(loc, scale_tril).into()
    }

    fn params(&self) -> Vec<String> {
        vec![self.loc(), self.scale_tril()]
    }

    fn posterior(&self, params: &IndexMap<String, Tensor>) -> Box<dyn Distribution> {
        Box::new(self.get_posterior(params))
    }

    fn deviations(&self, params: &IndexMap<String, Tensor>) -> Tensor {
        given(params, &self.scale_tril()).square().sum_axis(-1).sqrt()
    }
}
