//! A normal distribution of all unconstrained coordinates, independent of each other.

use std::rc::Rc;

use indexmap::IndexMap;
use pyroxene_frontend::{
    Tensor,
    constraints::softplus_positive,
    distributions::{Distribution, Normal},
    primitives::{Param, Statement, param},
    transforms::{Affine, Independent, Transform},
};

use super::{
    continuous::{Continuous, given},
    options::{Options, setters},
};
use crate::InitStrategy;

/// Independent normal distributions of all unconstrained coordinates (NumPyro's `AutoDiagonalNormal`).
///
/// Parameters: `auto_loc`, `[n]`, and `auto_scale`, `[n]`, for `n` coordinates in all.
#[derive(Clone, Debug)]
pub struct AutoDiagonalNormal {
    options: Options,
}

impl AutoDiagonalNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        AutoDiagonalNormal { options: Options::new(InitStrategy::default()) }
    }

    setters!(common, init_scale);

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

impl Continuous for AutoDiagonalNormal {
    const NAME: &'static str = "AutoDiagonalNormal";

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, n: usize) -> Statement {
        let loc = param(&self.loc(), Param::new(Tensor::zeros(&[n])));
        let scale = Param::new(Tensor::full(&[n], self.options.init_scale)).constraint(softplus_positive());
        Normal::new(loc, param(&self.scale(), scale)).into()
    }

    fn params(&self) -> Vec<String> {
        vec![self.loc(), self.scale()]
    }

    fn posterior(&self, params: &IndexMap<String, Tensor>) -> Box<dyn Distribution> {
        Box::new(self.get_posterior(params))
    }

    fn deviations(&self, params: &IndexMap<String, Tensor>) -> Tensor {
        given(params, &self.scale())
    }
}
