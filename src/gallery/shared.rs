//! What several models of the gallery are written with: flat densities and linear regression.

use crate::prelude::*;

/// A density of one over all real numbers.
#[track_caller]
pub(super) fn flat(dims: &[usize]) -> ImproperUniform {
    ImproperUniform::new(constraints::real(), &[], dims)
}

/// A density of one over the positive numbers.
#[track_caller]
pub(super) fn flat_positive() -> ImproperUniform {
    ImproperUniform::new(constraints::positive(), &[], &[])
}

/// The linear regression `y ~ N(beta₁ + beta₂ x₁ + beta₃ x₂ + …, sigma)`, observed under the name `name`; `beta` is flat,
/// `sigma` has the density `scale`.
#[track_caller]
pub(super) fn linear_regression(name: &str, y: Tensor, columns: &[Tensor], scale: impl Distribution) {
    let beta = sample("beta", flat(&[1 + columns.len()]));
    let sigma = sample("sigma", scale);
    plate("row", y.dim(0), |_| {
        let slopes = columns.iter().enumerate();
        let mean = slopes.fold(beta.at(0), |mean, (k, x)| mean + beta.at(k + 1) * *x);
        sample(name, Normal::new(mean, sigma).obs(y));
    });
}
