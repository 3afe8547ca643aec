//! A borrowed look at the draws of one site or statistic: shape, slices, and each scalar's chains, mean and deviation.

use std::fmt::Write;

use super::posterior::SiteSpec;
use crate::diagnostics::{Chains, mean, variance};

/// The draws of one site or statistic: `[chain][draw]`, then the dimensions of one draw, row-major.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    spec: &'a SiteSpec,
    chains: usize,
    draws: usize,
    values: &'a [f64],
}

impl<'a> View<'a> {
    pub(super) fn new(spec: &'a SiteSpec, chains: usize, draws: usize, values: &'a [f64]) -> View<'a> {
        View { spec, chains, draws, values }
    }

    /// The site's or statistic's name.
    pub fn name(&self) -> &'a str {
        self.spec.name()
    }

    /// The dimensions of one draw.
    pub fn dims(&self) -> &'a [usize] {
        self.spec.dims()
    }

    /// The names of the dimensions of one draw, where they have one.
    pub fn dim_names(&self) -> &'a [Option<String>] {
        self.spec.names_of_dims()
    }

    /// Chains, draws, and the dimensions of one draw.
    pub fn shape(&self) -> Vec<usize> {
        [self.chains, self.draws].iter().chain(self.dims()).copied().collect()
    }

    /// The number of scalars in one draw.
    pub fn size(&self) -> usize {
        self.spec.size()
    }

    /// All values, in the order of [`View::shape`].
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The values of one chain, `[draw][element]`, if there is such a chain.
    pub fn chain(&self, chain: usize) -> Option<&'a [f64]> {
        let length = self.draws * self.size();
        self.values.get(chain * length..).and_then(|rest| rest.get(..length)).filter(|_| chain < self.chains)
    }

    /// One draw, if there is such a chain and draw.
    pub fn draw(&self, chain: usize, draw: usize) -> Option<&'a [f64]> {
        let size = self.size();
        self.chain(chain)?.get(draw * size..).and_then(|rest| rest.get(..size)).filter(|_| draw < self.draws)
    }

    /// All draws of the scalar at `element` (its position in one draw), chain after chain; none beyond the last.
    pub fn scalar(&self, element: usize) -> Vec<f64> {
        let size = self.size();
        if element >= size {
            return vec![];
        }
        self.values.iter().skip(element).step_by(size).copied().collect()
    }

    /// The mean of each scalar over all chains and draws, in the order of one draw.
    pub fn mean(&self) -> Vec<f64> {
        (0..self.size()).map(|i| mean(&self.scalar(i))).collect()
    }

    /// The sample standard deviation (divisor n − 1) of each scalar over all chains and draws.
    pub fn sd(&self) -> Vec<f64> {
        (0..self.size()).map(|i| variance(&self.scalar(i)).sqrt()).collect()
    }

    /// The name of the scalar at `element`: `mu`, `theta[0]`, `beta[1,2]`.
    pub fn label(&self, element: usize) -> String {
        let dims = self.dims();
        let mut label = self.name().to_owned();
        let mut stride = self.size().max(1);
        for (axis, dim) in dims.iter().enumerate() {
            stride /= dim.max(&1);
            label.push(if axis == 0 { '[' } else { ',' });
            // Writing to a string cannot fail.
            let _ = write!(label, "{}", element / stride % dim.max(&1));
        }
        if !dims.is_empty() {
            label.push(']');
        }
        label
    }

    pub(super) fn chains_of(&self, element: usize) -> Chains {
        Chains::from_values(self.draws, self.scalar(element))
    }
}
